import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { auditedEventSchema, readAuditedEvent } from '../../src/events/audited-event'
import * as payloads from '../../src/events/payloads'
import { NAMESPACES } from '../../src/pets/pet'
import { auditedEvents } from './build-event'

const schemas = Object.values<unknown>(payloads).filter((value) => value instanceof z.ZodObject)

describe.each(Object.entries(auditedEvents))('the data of %s', (topic, data) => {
  test.each(NAMESPACES)('tells its topic in the namespace %s', (ns) => {
    expect(readAuditedEvent(ns, data)).toEqual({ topic: `${ns}.${topic}`, data })
  })

  test('is that of no other event', () => {
    const fitting = schemas.filter((schema) => schema.safeParse(data).success)
    expect(fitting).toHaveLength(1)
  })

  test.each(Object.keys(data))('without its %s is that of no event', (field) => {
    const rest = Object.fromEntries(Object.entries(data).filter(([name]) => name !== field))
    const isAnother = Object.values(auditedEvents).some(
      (other) => Object.keys(other).sort().join() === Object.keys(rest).sort().join(),
    )
    if (isAnother) expect(readAuditedEvent('js', rest).topic).not.toBe(`js.${topic}`)
    else expect(() => readAuditedEvent('js', rest)).toThrow(expect.objectContaining({ name: 'ZodError' }))
  })

  test('with a field more is that of no event', () => {
    expect(() => readAuditedEvent('js', { ...data, colour: 'red' })).toThrow()
  })
})

test('no two events have the same fields, whatever their values', () => {
  const fields = schemas.map((schema) => Object.keys(schema.shape).sort().join())
  expect(schemas.length).toBeGreaterThanOrEqual(Object.keys(auditedEvents).length)
  expect(new Set(fields).size).toBe(fields.length)
})

test.each([null, undefined, 'event', 7, [], {}, { petId: '1', enqueuedAt: 1 }])('%j is no audited event', (data) => {
  expect(() => readAuditedEvent('js', data)).toThrow(expect.objectContaining({ name: 'ZodError' }))
})

test("the schema that Motia's `input` takes allows each of the five and names all their fields", () => {
  const { anyOf } = z.object({ anyOf: z.array(z.object({ required: z.array(z.string()) })) }).parse(auditedEventSchema)
  const wanted = Object.values(auditedEvents).map((data) => Object.keys(data).sort())
  expect(anyOf.map(({ required }) => required.toSorted())).toEqual(wanted)
})
