import type { Event } from 'motia'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { makeTempDir } from '../../../../../tests/support/temp-dir'
import { waitFor } from '../../../../../tests/support/wait-for'
import { Dispatcher } from '../../../src/engine/embedded/dispatcher'
import { EmbeddedEvents } from '../../../src/engine/embedded/embedded-events'
import { inspectorOf, type QueueInspector } from '../../../src/engine/embedded/inspector'
import { OwedEvents } from '../../../src/engine/embedded/owed-events'
import { QueueJournal } from '../../../src/engine/embedded/queue-journal'
import { buildEvent, gate, queueConfig } from '../engine-world'

const QUEUE = 'job.Step'

let inspector: QueueInspector
let events: EmbeddedEvents
let handled: unknown[]
let settled: unknown[]
let running: ReturnType<typeof gate>

beforeEach(async () => {
  vi.spyOn(console, 'warn').mockReturnValue()
  const [journal, owed] = [new QueueJournal(makeTempDir('inspector-')), new OwedEvents()]
  const dispatcher = new Dispatcher(journal, owed, async () => {})
  events = new EmbeddedEvents(dispatcher, owed, journal, { eventIds: () => new Set() })
  const noLetters = {
    list: async () => [],
    retry: async () => false,
    counts: async () => new Map(),
    discard: async () => false,
  }
  inspector = inspectorOf(dispatcher, noLetters)
  ;[handled, settled, running] = [[], [], gate()]
  events.onSettled(({ id }) => settled.push(id))
  onTestFinished(async () => {
    running.open()
    await events.shutdown()
    journal.close()
  })
})

/** A step that handles one message at a time, fails on `bad`, and waits on `slow`. */
const subscribe = (delaySeconds = 0) =>
  events.subscribe(
    'job',
    'Step',
    async ({ data }: Event<unknown>) => {
      handled.push(data)
      if (data === 'bad') throw new Error('poisoned')
      if (data === 'slow') await running.opened
    },
    queueConfig({ type: 'fifo', delaySeconds }),
  )

const emit = async (...all: string[]) => {
  for (const data of all) await events.emit(buildEvent({ data, id: `event-${data}` }))
}

const counts = () => inspector.queues()[0]

test('When messages are in all states, then each is listed with its details', async () => {
  await subscribe()
  await emit('good', 'bad', 'slow', 'next')
  await waitFor(() => counts()?.active === 1 && counts()?.failed === 1)
  expect(counts()).toEqual({
    ...{ name: QUEUE, isPaused: false, waiting: 1, active: 1, delayed: 0, completed: 1, failed: 1 },
  })
  const [job] = inspector.jobs(QUEUE, 'failed')
  expect(job).toEqual({
    ...{ id: expect.any(String), state: 'failed', event: buildEvent({ data: 'bad', id: 'event-bad' }) },
    ...{ addedAt: expect.any(Number), startedAt: expect.any(Number), finishedAt: expect.any(Number) },
    ...{ attempts: 1, maxAttempts: 1, reason: 'poisoned' },
  })
  expect(inspector.job(QUEUE, job?.id ?? '')).toEqual(job)
  expect(inspector.job(QUEUE, 'unknown')).toBeNull()
  expect(inspector.jobs('unknown', 'failed')).toEqual([])
  expect(inspector.jobs(QUEUE, 'active')).toMatchObject([{ event: { data: 'slow' }, attempts: 1 }])
})

test('When a queue is paused, then none of its messages starts until it is resumed', async () => {
  await subscribe()
  expect(inspector.pause(QUEUE)).toBe(true)
  expect(inspector.pause('unknown')).toBe(false)
  await emit('a')
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
  expect(counts()).toMatchObject({ isPaused: true, waiting: 1 })
  expect(inspector.resume(QUEUE)).toBe(true)
  await waitFor(() => handled.length === 1)
})

test('When a delayed message is promoted, then it runs at once', async () => {
  await subscribe(60)
  await emit('a')
  const [job] = inspector.jobs(QUEUE, 'delayed')
  expect((job?.dueAt ?? 0) - Date.now()).toBeGreaterThan(58_000)
  expect(inspector.promote(QUEUE, job?.id ?? '')).toBe(true)
  await waitFor(() => handled.length === 1)
  expect(inspector.promote(QUEUE, job?.id ?? '')).toBe(false)
})

test('When messages are removed or drained, then they never run, and no outbox owes them', async () => {
  await subscribe()
  inspector.pause(QUEUE)
  await emit('a', 'b', 'c')
  const [first] = inspector.jobs(QUEUE, 'waiting')
  expect(inspector.remove(QUEUE, first?.id ?? '')).toBe(true)
  expect(inspector.remove(QUEUE, first?.id ?? '')).toBe(false)
  expect(settled).toEqual(['event-a'])
  expect(inspector.drain(QUEUE)).toBe(true)
  expect(settled).toEqual(['event-a', 'event-b', 'event-c'])
  inspector.resume(QUEUE)
  await emit('last')
  await waitFor(() => handled.length === 1)
  expect(handled).toEqual(['last'])
})

test('When a message is active, then it cannot be removed or retried', async () => {
  await subscribe()
  await emit('slow')
  await waitFor(() => counts()?.active === 1)
  const [job] = inspector.jobs(QUEUE, 'active')
  expect(inspector.remove(QUEUE, job?.id ?? '')).toBe(false)
  expect(inspector.retry(QUEUE, job?.id ?? '')).toBe(false)
})

test('When a failed message is retried, then it runs again and is no longer among the failed', async () => {
  await subscribe()
  await emit('bad', 'slow')
  await waitFor(() => counts()?.active === 1)
  const [job] = inspector.jobs(QUEUE, 'failed')
  expect(inspector.retry(QUEUE, job?.id ?? '')).toBe(true)
  expect(inspector.jobs(QUEUE, 'failed')).toEqual([])
  running.open()
  await waitFor(() => handled.length === 3)
  expect(handled).toEqual(['bad', 'slow', 'bad'])
})

test('When a state is cleaned, then messages older than the grace are removed, up to the limit', async () => {
  await subscribe()
  await emit('a', 'b', 'c')
  await waitFor(() => counts()?.completed === 3)
  expect(inspector.clean(QUEUE, 'completed', 60_000, 10)).toEqual([])
  expect(inspector.clean(QUEUE, 'completed', 0, 2)).toHaveLength(2)
  expect(inspector.jobs(QUEUE, 'completed')).toHaveLength(1)
})

test('When very many messages have ended, then a queue remembers the last 100, the last one first', async () => {
  await subscribe()
  await emit(...Array.from({ length: 130 }, (_, index) => String(index)))
  await waitFor(() => counts()?.completed === 130)
  const remembered = inspector.jobs(QUEUE, 'completed')
  expect(remembered).toHaveLength(100)
  expect(remembered[0]).toMatchObject({ event: { data: '129' } })
})
