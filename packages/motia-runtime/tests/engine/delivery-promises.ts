import type { Event, QueueConfig } from 'motia'
import { describe, expect, test } from 'vitest'
import { waitFor } from '../../../../tests/support/wait-for'
import { EmitError, type Engine, type QueuedEvent } from '../../src/engine/engine'
import {
  beginTest,
  buildEvent,
  gate,
  type MakeWorld,
  openAlone,
  queueConfig,
  recorder,
  stopEngine,
} from './engine-world'

/** How an engine delivers events to steps that do not fail. */
export const deliveryPromises = (makeWorld: MakeWorld): void => {
  describe.concurrent('delivery', () => {
    test('When an event is emitted, then each subscriber to its topic gets it once and complete, and no other step does', async (context) => {
      const engine = await openAlone(makeWorld, context)
      const { events } = engine
      const got: Record<string, QueuedEvent[]> = { Audit: [], Mail: [], Other: [] }
      for (const step of ['Audit', 'Mail', 'Other']) {
        const handler = async ({ topic, data, traceId, flows }: Event<unknown>) => {
          got[step]?.push({ topic, data, traceId, flows })
        }
        await events.subscribe(step === 'Other' ? 'purged' : 'created', step, handler, queueConfig({ type: 'fifo' }))
      }
      await engine.start()
      const [first, last, other] = [
        buildEvent({ topic: 'created' }),
        buildEvent({ topic: 'created', traceId: 'TRACE-2', flows: undefined, data: { a: [1, null, { b: 'ü\n' }] } }),
        buildEvent({ topic: 'purged', data: 'text' }),
      ]
      for (const event of [first, last, other]) await events.emit(event)
      await waitFor(() => got.Audit?.length === 2 && got.Mail?.length === 2 && got.Other?.length === 1)
      expect(got).toEqual({ Audit: [first, last], Mail: [first, last], Other: [other] })
    })

    test('When a handler or the emitter changes the data, then other subscribers and later attempts get it as it was', async (context) => {
      const engine = await openAlone(makeWorld, context)
      const { events } = engine
      const seen: string[] = []
      const handler = async ({ data }: Event<{ petId: string }>) => {
        seen.push(data.petId)
        data.petId = 'changed by a handler'
        if (seen.length === 1) throw new Error('once more')
      }
      await events.subscribe('job', 'First', handler, queueConfig({ maxRetries: 1 }))
      await events.subscribe('job', 'Second', handler, queueConfig({ maxRetries: 1 }))
      await engine.start()
      const data = { petId: '1' }
      const emitted = events.emit(buildEvent({ data }))
      data.petId = 'changed by the emitter'
      await emitted
      await waitFor(() => seen.length === 3)
      expect(seen).toEqual(['1', '1', '1'])
    })

    test('When nobody subscribes to a topic, then an emit resolves and the event is settled', async (context) => {
      const engine = await openAlone(makeWorld, context)
      const { events } = engine
      const settled: (string | undefined)[] = []
      events.onSettled(({ id }) => settled.push(id))
      await engine.start()
      await events.emit(buildEvent())
      await events.emit(buildEvent({ id: 'event-1' }))
      await waitFor(() => settled.length > 0)
      expect(settled).toEqual(['event-1'])
    })

    test('When data cannot be converted to JSON, then every emit of it rejects, and other events are delivered', async (context) => {
      const engine = await openAlone(makeWorld, context)
      const { events } = engine
      const { received, handler } = recorder()
      await events.subscribe('job', 'Step', handler, queueConfig())
      await engine.start()
      const cycle: Record<string, unknown> = {}
      cycle.self = cycle
      for (const data of [{ count: 1n }, cycle, undefined, () => 1]) {
        for (const id of [undefined, undefined, 'event-1', 'event-1']) {
          await expect(events.emit(buildEvent({ data, id }))).rejects.toThrow(EmitError)
        }
      }
      await events.emit(buildEvent({ data: 'fine', id: 'event-1' }))
      await waitFor(() => received.length > 0)
      expect(received).toEqual(['fine'])
    })

    test('When 500 events are emitted at once, then each is delivered once', async (context) => {
      const engine = await openAlone(makeWorld, context)
      const { events } = engine
      const { received, handler } = recorder()
      await events.subscribe('job', 'Step', handler, queueConfig())
      await engine.start()
      const all = Array.from({ length: 500 }, (_, index) => index)
      await Promise.all(all.map((data) => events.emit(buildEvent({ data }))))
      await waitFor(() => received.length >= 500)
      expect(received.toSorted((a, b) => Number(a) - Number(b))).toEqual(all)
    })

    test('When a subscription ends, then its handler gets nothing more, and the counts show that', async (context) => {
      const engine = await openAlone(makeWorld, context)
      const { events } = engine
      const [ended, other] = [recorder(), recorder()]
      const first = await events.subscribe('job', 'Ended', ended.handler, queueConfig())
      const second = await events.subscribe('job', 'Other', other.handler, queueConfig())
      await events.subscribe('purged', 'Other', other.handler, queueConfig())
      await engine.start()
      expect(await events.getSubscriptionCount('job')).toBe(2)
      expect((await events.listTopics()).toSorted()).toEqual(['job', 'purged'])
      await events.unsubscribe(first)
      await events.unsubscribe(first)
      expect(await events.getSubscriptionCount('job')).toBe(1)
      await events.emit(buildEvent())
      await waitFor(() => other.received.length === 1)
      await second.unsubscribe()
      expect(await events.listTopics()).toEqual(['purged'])
      expect(ended.received).toEqual([])
    })
  })

  describe.concurrent('queues', () => {
    /** Runs nine messages of 20 ms. Returns the most that ran at once, and their order. */
    const runNine = async (engine: Engine, config: QueueConfig) => {
      const { events } = engine
      const order: unknown[] = []
      let running = 0
      let most = 0
      const handler = async ({ data }: Event<unknown>) => {
        running += 1
        most = Math.max(most, running)
        order.push(data)
        await new Promise((resolve) => setTimeout(resolve, 20))
        running -= 1
      }
      await events.subscribe('job', 'Step', handler, config)
      await engine.start()
      const all = Array.from({ length: 9 }, (_, index) => index)
      for (const data of all) await events.emit(buildEvent({ data }))
      await waitFor(() => order.length === 9 && running === 0)
      return { most, isInOrder: order.join() === all.join() }
    }
    test('When a queue is fifo, then it runs one message at a time, in order', async (context) => {
      const result = await runNine(await openAlone(makeWorld, context), queueConfig({ type: 'fifo' }))
      expect(result).toEqual({ most: 1, isInOrder: true })
    })

    test('When a queue has a concurrency, then it runs that many messages at a time', async (context) => {
      expect((await runNine(await openAlone(makeWorld, context), queueConfig({ concurrency: 3 }))).most).toBe(3)
    })

    test('When a queue has a delay, then its messages are not delivered before it has passed', async (context) => {
      const engine = await openAlone(makeWorld, context)
      const { events } = engine
      let gotAt = 0
      const handler = async () => {
        gotAt = performance.now()
      }
      await events.subscribe('job', 'Later', handler, queueConfig({ delaySeconds: 1 }))
      await engine.start()
      const sentAt = performance.now()
      await events.emit(buildEvent())
      await waitFor(() => gotAt > 0)
      expect(gotAt - sentAt).toBeGreaterThanOrEqual(990)
      expect(gotAt - sentAt).toBeLessThan(5_000)
    })

    test('When one queue hangs and another fails, then a third is not delayed', async (context) => {
      const engine = await openAlone(makeWorld, context)
      const { events } = engine
      const hanging = gate()
      const { received, handler } = recorder()
      await events.subscribe('job', 'Hangs', () => hanging.opened, queueConfig({ type: 'fifo' }))
      const fail = () => {
        throw new Error('failed at once')
      }
      await events.subscribe('job', 'Fails', fail, queueConfig({ maxRetries: 3 }))
      await events.subscribe('job', 'Works', handler, queueConfig())
      await engine.start()
      const sentAt = performance.now()
      for (const data of [1, 2, 3]) await events.emit(buildEvent({ data }))
      await waitFor(() => received.length === 3)
      // One wait between two attempts is 2 s.
      expect(performance.now() - sentAt).toBeLessThan(1_900)
      hanging.open()
    })

    test('When messages wait and run, then their queue counts them', async (context) => {
      const engine = await openAlone(makeWorld, context)
      const { opened, open } = gate()
      await engine.events.subscribe('job', 'Step', () => opened, queueConfig({ concurrency: 2 }))
      await engine.start()
      const counts = async () => (await engine.queues()).find(({ name }) => name === 'job.Step')
      for (const data of [1, 2, 3]) await engine.events.emit(buildEvent({ data }))
      await waitFor(async () => (await counts())?.active === 2)
      expect(await counts()).toEqual({ name: 'job.Step', waiting: 1, active: 2, delayed: 0, completed: 0, failed: 0 })
      open()
      await waitFor(async () => (await counts())?.completed === 3)
      expect(await counts()).toMatchObject({ waiting: 0, active: 0 })
    })
  })

  describe.concurrent('events that an outbox owes', () => {
    test('When one is emitted again while it waits or runs, then it is delivered once', async (context) => {
      const engine = await openAlone(makeWorld, context)
      const { events } = engine
      const { opened, open } = gate()
      const { received, handler } = recorder()
      const slowly = async (event: Event<unknown>) => {
        await handler(event)
        await opened
      }
      await events.subscribe('job', 'Step', slowly, queueConfig({ type: 'fifo' }))
      await engine.start()
      for (const data of ['runs', 'waits', 'runs', 'waits'])
        await events.emit(buildEvent({ data, id: `event-${data}` }))
      await waitFor(() => received.length === 1)
      for (const data of ['runs', 'waits']) await events.emit(buildEvent({ data, id: `event-${data}` }))
      await events.emit(buildEvent({ data: 'last' }))
      open()
      await waitFor(() => received.includes('last'))
      expect(received).toEqual(['runs', 'waits', 'last'])
    })

    test('When all subscribers have handled one or it is a dead letter, then it is settled, at most once for each emit', async (context) => {
      const engine = await openAlone(makeWorld, context)
      const { events } = engine
      const settled: QueuedEvent[] = []
      events.onSettled((event) => settled.push(event))
      const { received, handler } = recorder()
      await events.subscribe('job', 'Works', handler, queueConfig())
      const failSometimes = async ({ data }: Event<unknown>) => {
        if (data === 'bad') throw new Error('bad data')
      }
      await events.subscribe('job', 'Fails', failSometimes, queueConfig())
      await engine.start()
      await events.emit(buildEvent({ data: 'no id' }))
      await events.emit(buildEvent({ data: 'good', id: 'event-good' }))
      await events.emit(buildEvent({ data: 'bad', id: 'event-bad' }))
      await waitFor(async () => settled.length >= 2 && received.length === 3)
      await waitFor(async () => (await engine.deadLetters.list()).length === 1)
      expect(settled.map(({ id }) => id).toSorted()).toEqual(['event-bad', 'event-good'])
      expect(settled.find(({ id }) => id === 'event-good')).toMatchObject({ topic: 'job', data: 'good' })
    })
  })

  describe.concurrent('a shutdown', () => {
    test('When handlers run, then it waits for them, and waiting and newly emitted events are delivered after the next start', async (context) => {
      const { open } = await beginTest(makeWorld, context)
      const engine = await open()
      const { events } = engine
      const { opened, open: finish } = gate()
      const first: unknown[] = []
      const handler = async ({ data }: Event<unknown>) => {
        first.push(data)
        await opened
        await events.emit(buildEvent({ topic: 'done', data: `after ${data}` }))
        first.push('end')
      }
      await events.subscribe('job', 'Step', handler, queueConfig({ type: 'fifo' }))
      await events.subscribe('done', 'Audit', () => opened, queueConfig({ delaySeconds: 1 }))
      await engine.start()
      for (const data of [1, 2]) await events.emit(buildEvent({ data }))
      await waitFor(() => first.length === 1)
      const stopped = stopEngine(engine).then(() => first.push('stopped'))
      // A few turns of the event loop, in which a shutdown that does not wait would end.
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
      expect(first).toEqual([1])
      finish()
      await stopped
      expect(first).toEqual([1, 'end', 'stopped'])

      const next = await open()
      const [jobs, audits] = [recorder(), recorder()]
      await next.events.subscribe('job', 'Step', jobs.handler, queueConfig({ type: 'fifo' }))
      await next.events.subscribe('done', 'Audit', audits.handler, queueConfig({ delaySeconds: 1 }))
      await next.start()
      await waitFor(() => jobs.received.length === 1 && audits.received.length === 1)
      expect([jobs.received, audits.received]).toEqual([[2], ['after 1']])
    })
  })
}
