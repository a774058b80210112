import { AsyncLocalStorage } from 'node:async_hooks'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, type Mock, onTestFinished, test, vi } from 'vitest'
import { makeTempDir } from '../../../../../tests/support/temp-dir'
import { waitFor } from '../../../../../tests/support/wait-for'
import { createEmbeddedEngine } from '../../../src/engine/embedded/embedded-engine'
import { QueueJournal } from '../../../src/engine/embedded/queue-journal'
import { EmitError, type Engine } from '../../../src/engine/engine'
import { namesIn, type Plan, startEngineProcess, type Task } from '../engine-process-plan'
import { buildEvent, gate, queueConfig, recorder, stopEngine } from '../engine-world'
import { buildMessage } from './build-message'

const MODULE = fileURLToPath(new URL('open-engine.ts', import.meta.url))

let dataDir: string
let warn: Mock

beforeEach(() => {
  dataDir = makeTempDir('embedded-engine-')
  warn = vi.spyOn(console, 'warn').mockReturnValue()
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const open = async (): Promise<Engine> => {
  const engine = await createEmbeddedEngine({ dataDir, traceLimit: 100 })
  onTestFinished(() => stopEngine(engine))
  return engine
}

const journals = (): string[] => (existsSync(join(dataDir, 'queues')) ? readdirSync(join(dataDir, 'queues')) : [])

/** Leaves messages, as a dead process would. */
const leave = (...messages: Parameters<QueueJournal['add']>[0][]): void => {
  const journal = new QueueJournal(join(dataDir, 'queues'))
  for (const message of messages) journal.add(message)
  journal.close()
}

describe('an event that an outbox owes', () => {
  test('When one of its subscribers has not handled it yet, then it is not settled', async () => {
    const engine = await open()
    const settled: unknown[] = []
    engine.events.onSettled(({ id }) => settled.push(id))
    const slow = gate()
    const { received, handler } = recorder()
    await engine.events.subscribe('job', 'Fast', handler, queueConfig())
    await engine.events.subscribe('job', 'Slow', () => slow.opened, queueConfig())
    await engine.start()
    await engine.events.emit(buildEvent({ id: 'event-1' }))
    await waitFor(() => received.length === 1)
    // It is still owed, so a second emit is the same event.
    await engine.events.emit(buildEvent({ id: 'event-1' }))
    await engine.events.emit(buildEvent({ data: 'last' }))
    await waitFor(() => received.includes('last'))
    expect(received).toHaveLength(2)
    expect(settled).toEqual([])
    slow.open()
    await waitFor(() => settled.length > 0)
    expect(settled).toEqual(['event-1'])
  })

  test('When its message becomes a dead letter, then it is settled once that is on disk', async () => {
    const engine = await open()
    const onDisk: string[] = []
    engine.events.onSettled(() => onDisk.push(readFileSync(join(dataDir, 'dead-letters.jsonl'), 'utf8')))
    const fail = () => Promise.reject(new Error('poisoned'))
    await engine.events.subscribe('job', 'Step', fail, queueConfig())
    await engine.start()
    await engine.events.emit(buildEvent({ id: 'event-1' }))
    await waitFor(() => onDisk.length > 0)
    expect(onDisk[0]).toContain('"reason":"poisoned"')
  })

  test('When a listener fails, then the other listeners and messages are not affected', async () => {
    const error = vi.spyOn(console, 'error').mockReturnValue()
    const engine = await open()
    const settled: unknown[] = []
    engine.events.onSettled(() => {
      throw new Error('broken listener')
    })
    engine.events.onSettled(({ id }) => settled.push(id))
    await engine.events.subscribe('job', 'Step', async () => {}, queueConfig())
    await engine.start()
    for (const id of ['1', '2']) await engine.events.emit(buildEvent({ id }))
    await waitFor(() => settled.length === 2)
    expect(error).toHaveBeenCalledTimes(2)
  })
})

describe('two servers on one folder', () => {
  test('When an owed event is in the queue of one, then the other knows this until the event is handled', async () => {
    const [first, second] = [await open(), await open()]
    const { opened, open: finish } = gate()
    await first.events.subscribe('job', 'Step', () => opened, queueConfig({ type: 'fifo' }))
    await first.start()
    for (const id of ['runs', 'waits', undefined]) await first.events.emit(buildEvent({ id }))
    expect(await second.events.queuedElsewhere?.()).toEqual(new Set(['runs', 'waits']))
    expect(await first.events.queuedElsewhere?.()).toEqual(new Set())
    finish()
    await waitFor(async () => (await second.events.queuedElsewhere?.())?.size === 0)
  })
})

describe('a queue', () => {
  test('When a step subscribes again, then its new handler gets the waiting events and all later ones', async () => {
    const engine = await open()
    const first = gate()
    const begun = recorder()
    const holding = async (event: Parameters<typeof begun.handler>[0]) => {
      await begun.handler(event)
      await first.opened
    }
    const subscription = await engine.events.subscribe('job', 'Step', holding, queueConfig({ type: 'fifo' }))
    await engine.start()
    for (const data of [1, 2]) await engine.events.emit(buildEvent({ data }))
    await waitFor(() => begun.received.length === 1)
    await subscription.unsubscribe()
    const { received, handler } = recorder()
    await engine.events.subscribe('job', 'Step', handler, queueConfig({ type: 'fifo' }))
    await engine.events.emit(buildEvent({ data: 3 }))
    first.open()
    await waitFor(() => received.length === 2)
    expect(begun.received).toEqual([1])
    expect(received).toEqual([2, 3])
    // The old handle ends only the old subscription.
    await subscription.unsubscribe()
    expect(await engine.events.getSubscriptionCount('job')).toBe(1)
  })

  test('When nobody subscribes for a minute, then its messages become dead letters, but not earlier', async () => {
    leave(buildMessage('left', { queue: 'gone.Step' }))
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
    const engine = await open()
    await engine.start()
    vi.advanceTimersByTime(58_000)
    await new Promise(setImmediate)
    expect(await engine.queues()).toMatchObject([{ name: 'gone.Step', waiting: 1 }])
    vi.advanceTimersByTime(4_000)
    const letter = await waitFor(async () => (await engine.deadLetters.list())[0])
    expect(letter).toMatchObject({ queue: 'gone.Step', attempts: 0, reason: 'No step subscribes to gone.Step' })
    expect(letter.event.data).toBe('left')
  })

  test('When handlers emit, then they do not inherit the context of the emitter', async () => {
    const context = new AsyncLocalStorage<string>()
    const engine = await open()
    const contexts: unknown[] = []
    await engine.events.subscribe('job', 'Step', () => void contexts.push(context.getStore()), queueConfig())
    await engine.start()
    // Wait until the turn that the subscription scheduled is over.
    await new Promise(setImmediate)
    await context.run('the run of another step', () => engine.events.emit(buildEvent()))
    await waitFor(() => contexts.length === 1)
    expect(contexts).toEqual([undefined])
  })
})

describe('dead letters', () => {
  test('When they cannot be stored, then there is one warning, and the message is kept until they can be', async () => {
    const error = vi.spyOn(console, 'error').mockReturnValue()
    const path = join(dataDir, 'dead-letters.jsonl')
    const engine = await open()
    mkdirSync(path)
    await engine.events.subscribe('job', 'Step', () => Promise.reject(new Error('poisoned')), queueConfig())
    await engine.start()
    await engine.events.emit(buildEvent())
    await waitFor(async () => (await engine.queues())[0]?.delayed === 1)
    rmdirSync(path)
    await waitFor(async () => (await engine.deadLetters.list()).length === 1)
    expect(error).toHaveBeenCalledTimes(1)
    expect(warn).toHaveBeenCalledTimes(1)
    expect((await engine.deadLetters.list())[0]).toMatchObject({ attempts: 1, reason: 'poisoned' })
  })
})

describe('a start and a stop', () => {
  test('When everything has been handled, then a stop leaves no journal; when something waits, it leaves one', async () => {
    const engine = await open()
    const { received, handler } = recorder()
    await engine.events.subscribe('job', 'Step', handler, queueConfig())
    await engine.start()
    await engine.events.emit(buildEvent())
    await waitFor(() => received.length === 1)
    expect(journals()).toHaveLength(1)
    await stopEngine(engine)
    expect(journals()).toEqual([])

    const next = await open()
    await next.events.subscribe('job', 'Step', handler, queueConfig({ delaySeconds: 60 }))
    await next.events.emit(buildEvent())
    await stopEngine(next)
    expect(journals()).toHaveLength(1)
    await expect(next.events.emit(buildEvent())).rejects.toThrow(EmitError)
  })

  test('When the remaining event is in its queue already, then it is handled once, with the attempts of both', async () => {
    const engine = await open()
    const attempts: unknown[] = []
    const fail = async () => {
      attempts.push('attempt')
      throw new Error('poisoned')
    }
    leave(buildMessage('x', { eventId: 'event-1', attempts: 3 }))
    await engine.events.subscribe('job', 'Step', fail, queueConfig({ maxRetries: 3 }))
    await engine.events.emit(buildEvent({ id: 'event-1' }))
    await engine.start()
    await waitFor(async () => (await engine.deadLetters.list()).length === 1)
    expect(attempts).toHaveLength(1)
    expect((await engine.deadLetters.list())[0]?.attempts).toBe(4)
  })

  test('When a remaining message has no attempts left, then it becomes a dead letter without running again', async () => {
    leave(buildMessage('x', { attempts: 2 }))
    const engine = await open()
    const { received, handler } = recorder()
    await engine.events.subscribe('job', 'Step', handler, queueConfig({ maxRetries: 1 }))
    await engine.start()
    const letter = await waitFor(async () => (await engine.deadLetters.list())[0])
    expect(letter).toMatchObject({ attempts: 2, reason: 'The server died while the step ran' })
    expect(received).toEqual([])
  })

  test('When a server dies while several handlers run, then only the one that kills it uses up its attempts', async () => {
    const world = { module: MODULE, options: { dataDir, traceLimit: 0 } }
    const config = queueConfig({ maxRetries: 1 })
    const start = (emit: Plan['emit'] = []) =>
      startEngineProcess({ ...world, subscribe: [{ topic: 'job', step: 'Step', config }], emit })
    const names = Array.from({ length: 4 }, (_, index) => `slow-${index}`)
    const slow: Task[] = names.map((name) => ({ name, do: 'wait', ms: 100 }))
    const all = [...slow, { name: 'poison', do: 'kill' as const }]
    const children = [start(all.map((data) => ({ topic: 'job', data })))]
    const { deadLetters } = await open()
    const seen = () => children.map((child) => child.output())
    const find = async () => {
      if (!children.at(-1)?.isRunning()) children.push(start())
      return (await deadLetters.list())[0]
    }
    const letter = await waitFor(find, { timeout: 25_000, what: 'the dead letter', seen })
    expect(letter).toMatchObject({ attempts: 2, event: { data: { name: 'poison' } } })
    await waitFor(() => names.every((name) => namesIn('did', ...children).includes(name)), { seen })
    expect(await deadLetters.list()).toHaveLength(1)
    expect(children.length).toBeGreaterThan(2)
  }, 30_000)
})

describe('cron leases', () => {
  test('When the file of a lease is damaged, then no tick is remembered, and the next one runs', async () => {
    const { leases } = await open()
    const run = await leases.begin('a/../b', 1_000)
    if (typeof run === 'string') throw new Error(run)
    await run.end()
    expect(readdirSync(join(dataDir, 'cron'))).toEqual(['a%2F..%2Fb.lease'])
    writeFileSync(join(dataDir, 'cron', 'a%2F..%2Fb.lease'), '\0\0\0')
    expect(await leases.lastTick('a/../b')).toBeNull()
    expect(await leases.begin('a/../b', 1_000)).not.toBe('done')
  })
})
