import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { auditedEventSchema, readAuditedEvent } from '../../src/events/audited-event'
import { NAMESPACES } from '../../src/pets/pet'
import { auditedEvents } from './build-event'

const zodError = expect.objectContaining({ name: 'ZodError' })

describe.each(Object.entries(auditedEvents))('%s', (type, data) => {
  test.each(NAMESPACES)(
    'When it is read in the namespace %s, then its topic is of that, and its type is left out',
    (ns) => {
      expect(readAuditedEvent(ns, { type, ...data })).toEqual({ topic: `${ns}.${type}`, data })
    },
  )

  test.each(Object.keys(data))('When its %s is missing, then it is refused', (field) => {
    const rest = Object.fromEntries(Object.entries(data).filter(([name]) => name !== field))
    expect(() => readAuditedEvent('js', { type, ...rest })).toThrow(zodError)
  })

  test('When a newer server adds a field, then it can still be read', () => {
    expect(readAuditedEvent('js', { type, ...data, extra: 'x' })).toMatchObject({ topic: `js.${type}`, data })
  })

  test('When a request with an API key caused it, then the name of the key is separated from its data', () => {
    const audited = { topic: `js.${type}`, by: 'alice', data }
    expect(readAuditedEvent('js', { type, by: 'alice', ...data })).toEqual(audited)
  })

  test('When its type is missing or another, then no topic is guessed from its fields', () => {
    expect(() => readAuditedEvent('js', data)).toThrow(zodError)
    for (const other of Object.keys(auditedEvents).filter((name) => name !== type)) {
      // The fields of a purge hold those of a soft delete.
      if (type === 'pet.purged' && other === 'pet.soft.deleted') continue
      expect(() => readAuditedEvent('js', { type: other, ...data }), other).toThrow(zodError)
    }
  })
})

test.each([
  null,
  undefined,
  'event',
  7,
  [],
  {},
  { type: 'job.postcreate.enqueued', petId: '1', enqueuedAt: 1 },
  { type: 'constructor' },
])('When the data is %j, then it is refused, because no audited event has such data', (data) => {
  expect(() => readAuditedEvent('js', data)).toThrow(zodError)
})

test("When Motia reads the step's input schema, then it finds each event with all its fields", () => {
  const schema = z.object({
    oneOf: z.array(
      z.object({ required: z.array(z.string()), properties: z.looseObject({ type: z.object({ const: z.string() }) }) }),
    ),
  })
  const { oneOf } = schema.parse(auditedEventSchema)
  const found = oneOf.map(({ required, properties }) => [properties.type.const, required.toSorted()])
  const wanted = Object.entries(auditedEvents).map(([type, data]) => [type, ['type', ...Object.keys(data)].sort()])
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(wanted))
})
