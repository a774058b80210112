import { describe, expect, type Mock, test } from 'vitest'
import { waitFor } from '../../../../tests/support/wait-for'
import type { Engine } from '../../src/engine/engine'
import { beginTest, buildEvent, type MakeWorld, openAlone, queueConfig, recorder, stopEngine } from './engine-world'

const alwaysFail = () => {
  throw new Error('poisoned')
}

/** What an engine does with messages whose handlers fail. `warn` is a spy on `console.warn`. */
export const failurePromises = (makeWorld: MakeWorld, warn: () => Mock): void => {
  const buryOne = async (engine: Engine, topic: string) => {
    await engine.events.subscribe(topic, 'Step', alwaysFail, queueConfig())
    await engine.start()
    await engine.events.emit(buildEvent({ topic }))
    return waitFor(async () => (await engine.deadLetters.list())[0])
  }

  describe.concurrent('retries', () => {
    test('When a handler fails, then it is tried again 2 s later, and once it succeeds no dead letter is left', async (context) => {
      const engine = await openAlone(makeWorld, context)
      const startedAt: number[] = []
      const handler = async () => {
        startedAt.push(performance.now())
        if (startedAt.length === 1) throw new Error('not yet')
      }
      await engine.events.subscribe('job', 'Step', handler, queueConfig({ maxRetries: 1 }))
      await engine.start()
      await engine.events.emit(buildEvent())
      await waitFor(async () => (await engine.queues())[0]?.completed === 1)
      const [first = 0, second = 0] = startedAt
      expect(second - first).toBeGreaterThanOrEqual(1_900)
      expect(startedAt).toHaveLength(2)
      expect(await engine.deadLetters.list()).toEqual([])
    })

    test('When no retries are configured, then there are four attempts; otherwise as many as the step says', async (context) => {
      const engine = await openAlone(makeWorld, context)
      const attempts: Record<string, number> = {}
      const failing = (step: string) => async () => {
        attempts[step] = (attempts[step] ?? 0) + 1
        throw new Error('poisoned')
      }
      await engine.events.subscribe('job', 'Default', failing('Default'))
      await engine.events.subscribe('job', 'Twice', failing('Twice'), queueConfig({ maxRetries: 1 }))
      await engine.start()
      await engine.events.emit(buildEvent())
      await waitFor(async () => (await engine.deadLetters.list()).length === 2, { timeout: 20_000 })
      expect(attempts).toEqual({ Default: 4, Twice: 2 })
      const letters = await engine.deadLetters.list()
      expect(Object.fromEntries(letters.map(({ queue, attempts }) => [queue, attempts]))).toEqual({
        ...{ 'job.Default': 4, 'job.Twice': 2 },
      })
    }, 30_000)
  })

  describe.concurrent('temporary errors', () => {
    test('When an error says that it is temporary, then the attempt does not count, and the message is delivered later', async (context) => {
      const engine = await openAlone(makeWorld, context)
      let isAvailable = false
      let calls = 0
      const handler = async () => {
        calls += 1
        if (!isAvailable) throw Object.assign(new Error('the store is away'), { isTemporary: true })
      }
      await engine.events.subscribe('job', 'Step', handler, queueConfig())
      await engine.start()
      await engine.events.emit(buildEvent())
      await waitFor(() => calls === 2, { timeout: 10_000 })
      expect(await engine.deadLetters.list()).toEqual([])
      isAvailable = true
      await waitFor(async () => (await engine.queues())[0]?.completed === 1, { timeout: 10_000 })
      expect(calls).toBe(3)
    })

    test('When a message was deferred and then fails for good, then its dead letter counts only the real attempts', async (context) => {
      const engine = await openAlone(makeWorld, context)
      let calls = 0
      const handler = async () => {
        calls += 1
        throw Object.assign(new Error(`call ${calls}`), { isTemporary: calls === 1 })
      }
      await engine.events.subscribe('job', 'Step', handler, queueConfig({ maxRetries: 1 }))
      await engine.start()
      await engine.events.emit(buildEvent())
      const letter = await waitFor(async () => (await engine.deadLetters.list())[0], { timeout: 10_000 })
      expect(letter).toMatchObject({ attempts: 2, reason: 'call 3' })
    })
  })

  describe.concurrent('dead letters', () => {
    test('When the attempts are used up, then a dead letter contains event, reason and attempts, and there is one warning', async (context) => {
      const engine = await openAlone(makeWorld, context)
      const topic = `job-${Math.random()}`
      const letter = await buryOne(engine, topic)
      expect(letter).toEqual({
        ...{ id: expect.any(String), queue: `${topic}.Step`, event: buildEvent({ topic }), reason: 'poisoned' },
        ...{ failedAt: expect.any(Number), attempts: 1 },
      })
      expect(Math.abs(Date.now() - letter.failedAt)).toBeLessThan(60_000)
      const warnings = await waitFor(() => {
        const lines = warn().mock.calls.map(([line]) => String(line))
        const ours = lines.filter((line) => line.includes(`${topic}.Step`))
        return ours.length > 0 && ours
      })
      expect(warnings).toHaveLength(1)
      expect(warnings[0]).toContain('1 attempt')
      expect(warnings[0]).toContain('poisoned')
      const failed = async () => (await engine.queues()).find(({ name }) => name === `${topic}.Step`)?.failed
      await waitFor(async () => (await failed()) === 1)
      expect(await engine.deadLetters.counts()).toEqual(new Map([[`${topic}.Step`, 1]]))
      await engine.deadLetters.discard(letter.id)
      expect(await engine.deadLetters.counts()).toEqual(new Map())
    })

    test('When one is retried, then its message has all its attempts again', async (context) => {
      const engine = await openAlone(makeWorld, context)
      const attempts: unknown[] = []
      const failTwiceAndOnce = async ({ data }: { data: unknown }) => {
        attempts.push(data)
        if (attempts.length < 4) throw new Error('not yet')
      }
      await engine.events.subscribe('job', 'Step', failTwiceAndOnce, queueConfig({ maxRetries: 1 }))
      await engine.start()
      await engine.events.emit(buildEvent({ data: 'x' }))
      const { id } = await waitFor(async () => (await engine.deadLetters.list())[0])
      expect(await engine.deadLetters.retry(id)).toBe(true)
      expect(await engine.deadLetters.retry(id)).toBe(false)
      expect(await engine.deadLetters.list()).toEqual([])
      await waitFor(() => attempts.length === 4)
      expect(attempts).toEqual(['x', 'x', 'x', 'x'])
      expect(await engine.deadLetters.list()).toEqual([])
    }, 20_000)

    test('When one is discarded, then it is gone for good', async (context) => {
      const engine = await openAlone(makeWorld, context)
      const { id } = await buryOne(engine, 'job')
      expect(await engine.deadLetters.discard(id)).toBe(true)
      expect(await engine.deadLetters.discard(id)).toBe(false)
      expect(await engine.deadLetters.retry(id)).toBe(false)
      expect(await engine.deadLetters.list()).toEqual([])
    })

    test('When the server restarts, then they are still there, and can be retried', async (context) => {
      const { open } = await beginTest(makeWorld, context)
      const engine = await open()
      const letter = await buryOne(engine, 'job')
      await stopEngine(engine)

      const next = await open()
      const { received, handler } = recorder()
      await next.events.subscribe('job', 'Step', handler, queueConfig())
      await next.start()
      expect(await next.deadLetters.list()).toEqual([letter])
      expect(await next.deadLetters.retry(letter.id)).toBe(true)
      await waitFor(() => received.length === 1)
      expect(received).toEqual([letter.event.data])
    })

    test('When two servers share the storage, then each sees the dead letters of the other', async (context) => {
      const { open } = await beginTest(makeWorld, context)
      const [first, second] = [await open(), await open()]
      const letter = await buryOne(first, 'job')
      expect(await second.deadLetters.list()).toEqual([letter])
      expect(await second.deadLetters.discard(letter.id)).toBe(true)
      expect(await first.deadLetters.list()).toEqual([])
    })
  })
}
