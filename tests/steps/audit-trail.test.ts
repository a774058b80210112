import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { callEvent, type EventStep } from './call-step'
import { everyNamespace } from './every-namespace'
import { fakeContext } from './fake-context'
import { dataDir } from './pet-file'

const CREATED = Date.UTC(2022, 0, 1)
const DELETED = Date.UTC(2022, 0, 2)
const PURGE = Date.UTC(2022, 1, 1)
const WRITTEN = Date.UTC(2022, 1, 1, 2)

const steps = await everyNamespace<EventStep>('audit-trail.job')

const file = join(dataDir, 'audit.jsonl')
const lines = (): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [])

/** Data that no other test has written: the trail remembers what it has. */
let lastId = 0
const newId = () => String(++lastId)

/** The data of an event of each type, without the type itself. */
const events = {
  'pet.created': () => ({ petId: newId(), name: 'Rex', species: 'dog', createdAt: CREATED }),
  'job.postcreate.completed': () => ({
    ...{ petId: newId(), enqueuedAt: CREATED },
    ...{ completedAt: CREATED + 50, processingTimeMs: 50 },
  }),
  'pet.soft.deleted': () => ({ petId: newId(), name: 'Rex', deletedAt: DELETED, purgeAt: PURGE }),
  'pet.purged': () => ({ petId: newId(), name: 'Rex', deletedAt: DELETED, purgeAt: PURGE, purgedAt: WRITTEN }),
  'reaper.completed': () => ({ totalScanned: 5, purgedCount: 2, failedCount: 0 }),
}

/** The payload of an event, as it comes out of the queue. */
const payloadOf = (type: keyof typeof events) => ({ type, ...events[type]() })

beforeEach(() => {
  rmSync(file, { force: true })
  vi.useFakeTimers({ toFake: ['Date'], now: WRITTEN })
})

afterEach(() => {
  vi.useRealTimers()
})

describe.each(steps)('%s: AuditTrail', (ns, step) => {
  test.each(Object.entries(events))('When %s happens, then one line says so, without the type', async (type, build) => {
    const data = build()
    const context = fakeContext({ traceId: `TRACE-${ns}` })

    await callEvent(step, { type, ...data }, context)

    const line = { at: WRITTEN, traceId: `TRACE-${ns}`, topic: `${ns}.${type}`, data }
    expect(lines().map((text) => JSON.parse(text))).toEqual([line])
    expect([context.emitted, context.logged]).toEqual([[], []])
  })

  test('When a line is written, then it contains at, topic, traceId and data, and nothing else', async () => {
    await callEvent(step, payloadOf('pet.created'), fakeContext())
    expect(Object.keys(JSON.parse(lines()[0] ?? '')).sort()).toEqual(['at', 'data', 'topic', 'traceId'])
  })

  test('When an event is delivered twice, then it has one line', async () => {
    const data = payloadOf('pet.soft.deleted')
    await callEvent(step, data, fakeContext())
    await callEvent(step, data, fakeContext())
    expect(lines()).toHaveLength(1)
  })

  test('When the outbox emits a purge again in another trace, then it has one line', async () => {
    const data = payloadOf('pet.purged')
    await callEvent(step, data, fakeContext({ traceId: 'NIGHT-1' }))
    await callEvent(step, data, fakeContext({ traceId: 'NIGHT-2' }))
    expect(lines()).toHaveLength(1)
  })

  test('When two nights have the same figures, then each has its line', async () => {
    const data = payloadOf('reaper.completed')
    await callEvent(step, data, fakeContext({ traceId: `${ns}-NIGHT-1` }))
    await callEvent(step, data, fakeContext({ traceId: `${ns}-NIGHT-2` }))
    expect(lines()).toHaveLength(2)
  })

  test('When many events come at once, then each has a whole line', async () => {
    const many = Array.from({ length: 100 }, events['pet.created'])
    await Promise.all(many.map((data) => callEvent(step, { type: 'pet.created', ...data }, fakeContext())))
    const written = lines().map((line) => JSON.parse(line).data)
    expect(written).toEqual(many)
  })

  test('When the message is from a newer server, with an unknown field, then its line is written', async () => {
    const data = events['pet.created']()
    await callEvent(step, { type: 'pet.created', ...data, extra: 'x' }, fakeContext())
    expect(lines().map((text) => JSON.parse(text))).toMatchObject([{ topic: `${ns}.pet.created`, data }])
  })

  const created = { type: 'pet.created', petId: '1', name: 'Rex', species: 'dog', createdAt: CREATED }
  test.each([
    null,
    'event',
    {},
    [],
    { ...created, type: undefined },
    { ...created, type: 'pet.sold' },
    { ...created, type: 'pet.purged' },
    { ...created, species: 'dragon' },
    { type: 'job.postcreate.enqueued', petId: '1', enqueuedAt: CREATED },
    { type: 'reaper.completed', totalScanned: '5', purgedCount: 2, failedCount: 0 },
  ])(
    'When the message is %j, then the job fails for the queue to retry and make it a dead letter, and no line is written',
    async (data) => {
      await expect(callEvent(step, data, fakeContext())).rejects.toMatchObject({ name: 'ZodError' })
      expect(lines()).toEqual([])
    },
  )
})
