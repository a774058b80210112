import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { OwedEvent } from '../../src/outbox/outbox'
import { OutboxRelay } from '../../src/outbox/outbox-relay'
import { FakeEngine } from './fake-engine'

const SECOND = 1_000

/** Longer than the interval between two sweeps. */
const SWEEP = 16 * SECOND

/** Longer than the time for which settled events are collected. */
const BATCH = SECOND

const event = (id: string): OwedEvent => ({ id, topic: 'js.pet.created', data: { petId: id } })

/** An outbox in memory, in pages of two events, and each of its writes. */
const makeOutbox = (...owed: OwedEvent[]) => {
  const events = new Map(owed.map((one) => [one.id, one]))
  const writes: string[][] = []
  const outbox = {
    failure: null as Error | null,
    owed: async function* () {
      if (outbox.failure) throw outbox.failure
      const all = [...events.values()]
      for (let index = 0; index < all.length; index += 2) yield all.slice(index, index + 2)
    },
    settle: async (settled: readonly { id?: string }[]) => {
      if (outbox.failure) throw outbox.failure
      writes.push(settled.map(({ id = '' }) => id))
      for (const { id = '' } of settled) events.delete(id)
    },
  }
  return { outbox, writes, owe: (one: OwedEvent) => events.set(one.id, one), owedIds: () => [...events.keys()] }
}

const relays: OutboxRelay[] = []

/** A relay between an outbox that owes these events and an engine. */
const setUp = (...ids: string[]) => {
  const engine = new FakeEngine()
  const box = makeOutbox(...ids.map(event))
  const relay = new OutboxRelay({ engine, outbox: () => box.outbox })
  relays.push(relay)
  const settle = (...settled: string[]) => {
    for (const id of settled) engine.settle({ ...event(id), traceId: 'T' })
  }
  return { ...box, engine, relay, settle, emittedIds: () => engine.emitted.map((one) => Object(one).id) }
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(console, 'info').mockImplementation(() => {})
})

afterEach(async () => {
  for (const relay of relays.splice(0)) await relay.stop()
  expect(vi.getTimerCount()).toBe(0)
  vi.restoreAllMocks()
  vi.useRealTimers()
})

describe('the start', () => {
  test('When an owed event has a trace, then it continues that trace, and other events begin one', async () => {
    const { engine, relay, owe } = setUp('1')
    owe({ ...event('2'), traceId: 'T' })
    relay.start()
    await pass(0)
    expect(engine.emitted.map(({ traceId }) => traceId)).toEqual([expect.stringMatching(/^\w{5}-\d{7}$/), 'T'])
  })

  test('When events are owed, then all of them are emitted, once, with their ids and data', async () => {
    const { engine, relay } = setUp('1', '2', '3')
    relay.start()
    await pass(0)
    expect(engine.emitted).toEqual(['1', '2', '3'].map((id) => ({ ...event(id), traceId: expect.any(String) })))
    expect(console.info).toHaveBeenCalledWith('3 events still owed: emitted again')
  })

  test('When one event is owed, then the log counts it in the singular', async () => {
    const { relay } = setUp('1')
    relay.start()
    await pass(0)
    expect(console.info).toHaveBeenCalledWith('1 event still owed: emitted again')
  })

  test('When nothing is owed, then nothing is emitted or logged', async () => {
    const { engine, relay } = setUp()
    relay.start()
    await pass(SWEEP)
    expect(engine.emitted).toEqual([])
    expect(console.info).not.toHaveBeenCalled()
  })

  test('When the store cannot be read, then the events are emitted at most 2 s after it can', async () => {
    const { outbox, relay, emittedIds } = setUp('1')
    outbox.failure = new Error('broken')
    relay.start()
    await pass(SWEEP)
    outbox.failure = null
    await pass(2 * SECOND)
    expect(emittedIds()).toEqual(['1'])
  })
})

describe('a sweep', () => {
  test('When an event is owed since the last sweep, then it is not emitted, because the step may be about to emit it', async () => {
    const { relay, owe, emittedIds } = setUp()
    relay.start()
    await pass(SECOND)
    owe(event('1'))
    await pass(SWEEP)
    expect(emittedIds()).toEqual([])
  })

  test('When two sweeps in a row find an event, then it is emitted', async () => {
    const { relay, owe, emittedIds } = setUp()
    relay.start()
    await pass(SECOND)
    owe(event('1'))
    await pass(SWEEP)
    owe(event('2'))
    await pass(SWEEP)
    expect(emittedIds()).toEqual(['1'])
  })

  test('When an event is settled before the second sweep, then it is not emitted', async () => {
    const { relay, owe, settle, emittedIds } = setUp()
    relay.start()
    await pass(SECOND)
    owe(event('1'))
    await pass(SWEEP)
    settle('1')
    await pass(SWEEP)
    expect(emittedIds()).toEqual([])
  })

  test('When an event is settled, and the store refuses that for now, then it is not emitted again', async () => {
    const { outbox, relay, settle, owedIds, emittedIds } = setUp('1')
    relay.start()
    await pass(0)
    const { settle: remove } = outbox
    outbox.settle = () => Promise.reject(new Error('The disk is full'))
    settle('1')
    await pass(3 * SWEEP)
    expect(emittedIds()).toEqual(['1'])
    outbox.settle = remove
    await pass(SWEEP)
    expect(owedIds()).toEqual([])
  })

  test('When an event is in the queues of another server, then it is not emitted here', async () => {
    const { engine, relay, emittedIds } = setUp('1', '2')
    engine.elsewhere.add('1')
    relay.start()
    await pass(3 * SWEEP)
    expect(emittedIds()).not.toContain('1')
  })

  test('When another server has just finished an event, then it gets the time of a sweep to settle it', async () => {
    const { engine, outbox, relay, emittedIds } = setUp('1')
    engine.elsewhere.add('1')
    relay.start()
    await pass(SWEEP)
    engine.elsewhere.delete('1')
    await pass(SWEEP)
    await outbox.settle([event('1')])
    await pass(SWEEP)
    expect(emittedIds()).toEqual([])
  })

  test('When another server has died, then its events are emitted here', async () => {
    const { engine, relay, emittedIds } = setUp('1')
    engine.elsewhere.add('1')
    relay.start()
    await pass(SWEEP)
    engine.elsewhere.delete('1')
    await pass(2 * SWEEP)
    expect(emittedIds()).toEqual(['1'])
  })

  test('When the queues refuse an event, then the next sweeps try again', async () => {
    const { engine, relay, emittedIds } = setUp('1')
    relay.start()
    await pass(SECOND)
    engine.emitted.length = 0
    engine.failure = new Error('Redis is away')
    await pass(SWEEP)
    engine.failure = null
    await pass(SWEEP)
    expect(emittedIds()).toEqual(['1'])
  })
})

describe('a recovery', () => {
  test('When the engine works again, then everything that is owed is emitted at once', async () => {
    const { engine, relay, owe, emittedIds } = setUp()
    relay.start()
    await pass(SECOND)
    owe(event('1'))
    owe(event('2'))
    engine.recover()
    await pass(0)
    expect(emittedIds()).toEqual(['1', '2'])
  })

  test('When it recovers in the middle of a sweep, then the sweeps run one after the other', async () => {
    const { engine, outbox, relay } = setUp('1', '2', '3')
    const order: string[] = []
    const { owed } = outbox
    outbox.owed = async function* () {
      order.push('begin')
      for await (const page of owed()) {
        await new Promise((resolve) => setTimeout(resolve, 10))
        yield page
      }
      order.push('end')
    }
    relay.start()
    await pass(5)
    engine.recover()
    await pass(SECOND)
    expect(order).toEqual(['begin', 'end', 'begin', 'end'])
  })
})

describe('settled events', () => {
  test('When events are settled shortly one after the other, then one write removes them all', async () => {
    const { relay, settle, writes, owedIds } = setUp('1', '2', '3')
    relay.start()
    await pass(0)
    settle('1')
    await pass(5)
    settle('2', '3')
    await pass(BATCH)
    expect(writes).toEqual([['1', '2', '3']])
    expect(owedIds()).toEqual([])
  })

  test('When an event is settled during that write, then the next one removes it', async () => {
    const { outbox, relay, settle, writes } = setUp('1', '2')
    const { settle: remove } = outbox
    let isFirst = true
    outbox.settle = async (settled) => {
      if (isFirst) settle('2')
      isFirst = false
      await remove(settled)
    }
    relay.start()
    settle('1')
    await pass(2 * BATCH)
    expect(writes).toEqual([['1'], ['2']])
  })

  test('When a write fails, then it is retried after 2 s, with the events settled since', async () => {
    const { outbox, relay, settle, writes } = setUp('1', '2')
    const { settle: remove } = outbox
    const fail = vi.fn(() => Promise.reject(new Error('The disk is full')))
    outbox.settle = fail
    relay.start()
    settle('1')
    await pass(1_900)
    settle('2')
    expect(fail).toHaveBeenCalledOnce()
    outbox.settle = remove
    await pass(2 * SECOND)
    expect(writes).toEqual([['1', '2']])
  })

  test('When an event has no id, then no outbox owes it: nothing is written', async () => {
    const { engine, relay, writes } = setUp()
    relay.start()
    engine.settle({ topic: 'js.reaper.completed', data: {}, traceId: 'T' })
    await pass(BATCH)
    expect(writes).toEqual([])
  })

  test('When hot reload has replaced the outbox, then the current one is used', async () => {
    const engine = new FakeEngine()
    const [old, current] = [makeOutbox(event('1')), makeOutbox(event('2'))]
    let outbox = old.outbox
    const relay = new OutboxRelay({ engine, outbox: () => outbox })
    relays.push(relay)
    outbox = current.outbox
    relay.start()
    await pass(0)
    engine.settle({ ...event('2'), traceId: 'T' })
    await pass(BATCH)
    expect([old.writes, current.writes]).toEqual([[], [['2']]])
  })
})

describe('stop', () => {
  test('When events are settled and not yet removed, then stop removes them', async () => {
    const { relay, settle, writes } = setUp('1')
    relay.start()
    await pass(0)
    settle('1')
    await relay.stop()
    expect(writes).toEqual([['1']])
  })

  test('When the store refuses that, then stop still resolves', async () => {
    const { outbox, relay, settle } = setUp('1')
    relay.start()
    await pass(0)
    settle('1')
    outbox.failure = new Error('The disk is full')
    await expect(relay.stop()).resolves.toBeUndefined()
    outbox.failure = null
  })

  test('When it has stopped, then no sweep runs, even if the engine recovers', async () => {
    const { engine, relay, owe, emittedIds } = setUp()
    relay.start()
    await relay.stop()
    owe(event('1'))
    engine.recover()
    await pass(3 * SWEEP)
    expect(emittedIds()).toEqual([])
  })

  test('When a sweep is under way, then stop waits for its current emit, and no new page begins', async () => {
    const { engine, relay, emittedIds } = setUp('1', '2', '3', '4')
    const { emit } = engine.events
    engine.events.emit = async (one) => {
      await new Promise((resolve) => setTimeout(resolve, 100))
      await emit(one)
    }
    relay.start()
    await pass(50)
    const stopping = relay.stop()
    await pass(SECOND)
    await stopping
    expect(emittedIds()).toEqual(['1', '2'])
  })
})
