import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type FeedBatch, type FeedTarget, type Trace, WorkbenchFeed } from '../../src/traces/workbench-feed'

const FLUSH_INTERVAL_MS = 250

const buildTrace = (id: string, parentTraceId = 'G'): Trace => ({
  ...{ id, name: 'JsCreatePet', parentTraceId, status: 'running', startTime: 0 },
  ...{ entryPoint: { type: 'api', stepName: 'JsCreatePet' }, events: [] },
})

const buildGroup = (id = 'G', name = 'JsCreatePet') => ({ id, name, startTime: 0 })

/** A target that records what is written; the test says whether it is ready, and how a write ends. */
class FakeTarget implements FeedTarget {
  readonly batches: FeedBatch[] = []
  ready = true
  write = async (batch: FeedBatch): Promise<void> => {
    this.batches.push(batch)
  }

  isReady(): boolean {
    return this.ready
  }

  get traceIds(): string[] {
    return this.batches.flatMap(({ traces }) => traces.map(({ id }) => id))
  }

  get logged(): unknown[] {
    return this.batches.flatMap(({ logs }) => logs.map(({ msg }) => msg))
  }
}

const ids = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => String(from + index))

let said: string[]

beforeEach(() => {
  vi.useFakeTimers()
  said = []
  const note = (text: unknown) => {
    said.push(String(text))
  }
  vi.spyOn(console, 'warn').mockImplementation(note)
  vi.spyOn(console, 'info').mockImplementation(note)
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const DROPPED = 'Dropping traces and log lines for the Workbench, because they cannot be written now'
const KEPT = 'Traces and log lines for the Workbench can be written again'

describe('a feed', () => {
  test('collects traces and logs, then writes them in one batch', async () => {
    const target = new FakeTarget()
    const feed = new WorkbenchFeed(target, 100)
    feed.trace(buildGroup(), buildTrace('1'))
    feed.log({ msg: 'one' })
    await vi.advanceTimersByTimeAsync(FLUSH_INTERVAL_MS - 1)
    feed.log({ msg: 'two' })
    expect(target.batches).toEqual([])

    await vi.advanceTimersByTimeAsync(1)

    expect(target.batches).toEqual([
      {
        groups: [buildGroup()],
        traces: [buildTrace('1')],
        logs: [
          { msg: 'one', id: expect.any(String) },
          { msg: 'two', id: expect.any(String) },
        ],
      },
    ])
    expect(feed.waiting).toBe(0)
  })

  test('writes nothing, and sets no timer, while nothing is new', async () => {
    const target = new FakeTarget()
    const feed = new WorkbenchFeed(target, 100)
    await feed.flush()
    feed.log({ msg: 'one' })
    await feed.flush()
    await vi.advanceTimersByTimeAsync(10 * FLUSH_INTERVAL_MS)
    expect(target.batches).toHaveLength(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('gives each log line an id of its own', async () => {
    const target = new FakeTarget()
    const feed = new WorkbenchFeed(target, 100)
    for (let count = 0; count < 20; count++) feed.log({ msg: 'same', id: 'given' })
    await feed.flush()
    const lines = target.batches.flatMap(({ logs }) => logs.map(({ id }) => id))
    expect(new Set(lines).size).toBe(20)
  })

  test('writes a trace that changes again while it waits once, as it is then', async () => {
    const target = new FakeTarget()
    const feed = new WorkbenchFeed(target, 100)
    const trace = buildTrace('1')
    feed.trace(buildGroup(), trace)
    trace.status = 'completed'
    feed.trace(buildGroup(), trace)
    await feed.flush()
    expect(target.batches[0]?.traces).toMatchObject([{ id: '1', status: 'completed' }])
  })

  test('When a run ends within a second, then it is written once, as ended, with all of its chain', async () => {
    const target = new FakeTarget()
    const feed = new WorkbenchFeed(target, 100)
    const [run, job] = [buildTrace('1'), buildTrace('2')]
    feed.trace({ ...buildGroup(), startTime: Date.now() }, run)
    feed.trace({ ...buildGroup(), startTime: Date.now() }, { ...job, status: 'completed' })
    feed.log({ msg: 'one' })
    await vi.advanceTimersByTimeAsync(900)
    expect([target.traceIds, target.logged]).toEqual([[], ['one']])
    run.status = 'completed'
    await vi.advanceTimersByTimeAsync(FLUSH_INTERVAL_MS)
    expect(target.batches.flatMap(({ traces }) => traces.map(({ id, status }) => [id, status]))).toEqual([
      ['1', 'completed'],
      ['2', 'completed'],
    ])
  })

  test('When a run takes longer than a second, then it is written as running', async () => {
    const target = new FakeTarget()
    const feed = new WorkbenchFeed(target, 100)
    feed.trace({ ...buildGroup(), startTime: Date.now() }, buildTrace('1'))
    await vi.advanceTimersByTimeAsync(1_000 + FLUSH_INTERVAL_MS)
    expect(target.traceIds).toEqual(['1'])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('names a group after the step that began it', async () => {
    const target = new FakeTarget()
    const feed = new WorkbenchFeed(target, 100)
    feed.trace(buildGroup('G', 'JsCreatePet'), buildTrace('1'))
    feed.trace(buildGroup('G', 'JsAuditTrail'), buildTrace('2'))
    await feed.flush()
    expect(target.batches[0]?.groups).toEqual([buildGroup('G', 'JsCreatePet')])
  })

  test('of limit 0 is off', async () => {
    const target = new FakeTarget()
    const feed = new WorkbenchFeed(target, 0)
    feed.trace(buildGroup(), buildTrace('1'))
    feed.log({ msg: 'one' })
    await feed.flush()
    expect([target.batches, feed.waiting, vi.getTimerCount()]).toEqual([[], 0, 0])
  })

  test('writes one batch after the other, never two at once', async () => {
    const target = new FakeTarget()
    const feed = new WorkbenchFeed(target, 100)
    let finish = () => {}
    let running = 0
    let most = 0
    target.write = async (batch) => {
      target.batches.push(batch)
      running += 1
      most = Math.max(most, running)
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      running -= 1
    }
    for (const id of ids(1, 3)) {
      feed.trace(buildGroup(), buildTrace(id))
      await vi.advanceTimersByTimeAsync(FLUSH_INTERVAL_MS)
    }
    expect(target.traceIds).toEqual(['1'])
    finish()
    await vi.advanceTimersByTimeAsync(0)
    expect(target.traceIds).toEqual(['1', '2', '3'])
    finish()
    await feed.flush()
    expect(most).toBe(1)
  })
})

describe('a feed whose target is away', () => {
  test('keeps what waits, as much as its limit, and writes it once the target is back', async () => {
    const target = new FakeTarget()
    const feed = new WorkbenchFeed(target, 8)
    target.ready = false
    for (const id of ids(1, 2)) feed.trace(buildGroup(id), buildTrace(id, id))
    feed.log({ msg: 'one' })
    await vi.advanceTimersByTimeAsync(10 * FLUSH_INTERVAL_MS)
    expect([target.batches, said]).toEqual([[], []])

    target.ready = true
    await vi.advanceTimersByTimeAsync(FLUSH_INTERVAL_MS)
    expect(target.traceIds).toEqual(['1', '2'])
    expect(target.logged).toEqual(['one'])
    expect(said).toEqual([])
  })

  test('drops the oldest beyond its limit, and logs one line then, and one when it keeps them again', async () => {
    const target = new FakeTarget()
    const feed = new WorkbenchFeed(target, 8)
    target.ready = false
    for (const id of ids(1, 50)) {
      feed.trace(buildGroup(id), buildTrace(id, id))
      feed.log({ msg: id })
    }
    expect(feed.waiting).toBe(16)
    expect(said).toEqual([DROPPED])

    target.ready = true
    await feed.flush()
    expect(target.traceIds.at(-1)).toBe('50')
    expect(target.logged.at(-1)).toBe('50')
    expect(said).toEqual([DROPPED, KEPT])

    await feed.flush()
    feed.log({ msg: 'later' })
    await feed.flush()
    expect(said).toEqual([DROPPED, KEPT])
  })

  test('says it again when the target is away another time', async () => {
    const target = new FakeTarget()
    const feed = new WorkbenchFeed(target, 2)
    for (let round = 0; round < 2; round++) {
      target.ready = false
      for (const id of ids(1, 5)) feed.log({ msg: id })
      target.ready = true
      await feed.flush()
    }
    expect(said).toEqual([DROPPED, KEPT, DROPPED, KEPT])
  })
})

describe('a feed whose target is slow or fails', () => {
  test('never rejects, says once that traces are lost, and once that they are kept again', async () => {
    const target = new FakeTarget()
    const { write } = target
    const feed = new WorkbenchFeed(target, 100)
    target.write = async () => {
      throw new Error('Redis is away')
    }
    for (const msg of ['one', 'two', 'three']) {
      feed.log({ msg })
      await expect(feed.flush()).resolves.toBeUndefined()
    }
    expect(said).toEqual([DROPPED])

    target.write = write
    feed.log({ msg: 'four' })
    await feed.flush()
    expect(said).toEqual([DROPPED, KEPT])
    expect(target.logged).toEqual(['four'])
  })

  test('keeps its limit while a write hangs, and logs that traces are dropped', async () => {
    const target = new FakeTarget()
    const feed = new WorkbenchFeed(target, 8)
    let finish = () => {}
    target.write = () =>
      new Promise<void>((resolve) => {
        finish = resolve
      })
    feed.log({ msg: 'first' })
    await vi.advanceTimersByTimeAsync(FLUSH_INTERVAL_MS)
    for (const id of ids(1, 50)) {
      feed.trace(buildGroup(), buildTrace(id))
      feed.log({ msg: id })
      await vi.advanceTimersByTimeAsync(FLUSH_INTERVAL_MS)
    }
    expect(feed.waiting).toBe(16)
    expect(said).toEqual([DROPPED])
    finish()
    await vi.advanceTimersByTimeAsync(FLUSH_INTERVAL_MS)
    expect(said).toEqual([DROPPED, KEPT])
  })

  test('is flushed to the last line, also while a write is under way: a stop waits for all of it', async () => {
    const target = new FakeTarget()
    const feed = new WorkbenchFeed(target, 100)
    const { write } = target
    target.write = async (batch) => {
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      await write(batch)
    }
    feed.log({ msg: 'one' })
    await vi.advanceTimersByTimeAsync(FLUSH_INTERVAL_MS)
    feed.log({ msg: 'two' })
    await vi.advanceTimersByTimeAsync(FLUSH_INTERVAL_MS)
    const flushed = feed.flush().then(() => target.logged)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(await flushed).toEqual(['one', 'two'])
  })

  test('whose target throws at once never rejects either', async () => {
    const target = new FakeTarget()
    const feed = new WorkbenchFeed(target, 100)
    target.write = () => {
      throw new Error('no client')
    }
    feed.log({ msg: 'one' })
    await expect(feed.flush()).resolves.toBeUndefined()
    feed.log({ msg: 'two' })
    await expect(feed.flush()).resolves.toBeUndefined()
  })

  test('writes a burst whole, and of a load that lasts the latest, a quarter of its limit a second', async () => {
    const target = new FakeTarget()
    const feed = new WorkbenchFeed(target, 40)
    const burst = (from: number, to: number) => {
      for (const id of ids(from, to)) {
        feed.trace(buildGroup(id), buildTrace(id, id))
        feed.log({ msg: id })
      }
    }
    burst(1, 40)
    await feed.flush()
    expect(target.traceIds).toEqual(ids(1, 40))
    for (let second = 1; second <= 3; second++) {
      vi.advanceTimersByTime(1_000)
      burst(second * 100 + 1, second * 100 + 30)
      await feed.flush()
      expect(target.batches.at(-1)?.traces.map(({ id }) => id)).toEqual(ids(second * 100 + 21, second * 100 + 30))
      expect(target.batches.at(-1)?.logs.map(({ msg }) => msg)).toEqual(ids(second * 100 + 21, second * 100 + 30))
    }
    vi.advanceTimersByTime(60_000)
    burst(1_001, 1_040)
    await feed.flush()
    expect(target.batches.at(-1)?.traces).toHaveLength(40)
    expect(said).toEqual([])
  })

  test('When runs span flushes under a load that lasts, then each run that was shown as running is shown as ended', async () => {
    const target = new FakeTarget()
    const shown = new Map<string, string>()
    target.write = async ({ traces }) => {
      for (const { id, status } of traces) shown.set(id, status)
    }
    const feed = new WorkbenchFeed(target, 40)
    let running: Trace[] = []
    for (let turn = 0; turn < 40; turn++) {
      for (const trace of running) {
        Object.assign(trace, { status: 'completed', endTime: turn })
        feed.trace(buildGroup(trace.id), trace)
      }
      running = ids(turn * 100, turn * 100 + 30).map((id) => buildTrace(id, id))
      for (const trace of running) feed.trace(buildGroup(trace.id), trace)
      await vi.advanceTimersByTimeAsync(FLUSH_INTERVAL_MS)
    }
    for (const trace of running) {
      Object.assign(trace, { status: 'completed', endTime: 40 })
      feed.trace(buildGroup(trace.id), trace)
    }
    await feed.flush()
    expect(shown.size).toBeGreaterThan(40)
    expect([...shown.values()].filter((status) => status === 'running')).toEqual([])
  })

  test('When the write that records the end of a run fails, then the next write records it', async () => {
    const target = new FakeTarget()
    const written: string[] = []
    const write = async ({ traces }: FeedBatch) => {
      written.push(...traces.map(({ status }) => status))
    }
    target.write = write
    const feed = new WorkbenchFeed(target, 40)
    const trace = buildTrace('1')
    feed.trace(buildGroup(), trace)
    await feed.flush()
    trace.status = 'completed'
    feed.trace(buildGroup(), trace)
    target.write = async () => {
      throw new Error('away')
    }
    await feed.flush()
    target.write = write
    await vi.advanceTimersByTimeAsync(FLUSH_INTERVAL_MS)
    expect(written).toEqual(['running', 'completed'])
  })

  test('writes the group of every trace that it keeps, and no other', async () => {
    const target = new FakeTarget()
    const feed = new WorkbenchFeed(target, 3)
    feed.trace(buildGroup('A', 'JsCreatePet'), buildTrace('1', 'A'))
    for (const id of ids(2, 3)) feed.trace(buildGroup(id), buildTrace(id, id))
    await feed.flush()
    feed.trace(buildGroup('B', 'TsCreatePet'), buildTrace('4', 'B'))
    feed.trace(buildGroup('C'), buildTrace('5', 'C'))
    feed.trace(buildGroup('B', 'TsAuditTrail'), buildTrace('6', 'B'))
    await feed.flush()
    expect(target.batches.at(-1)).toMatchObject({ traces: [{ id: '6' }], groups: [buildGroup('B', 'TsCreatePet')] })
  })
})
