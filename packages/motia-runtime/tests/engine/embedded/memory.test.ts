import { MemoryStreamAdapter, type MotiaStream } from 'motia'
import { describe, expect, test } from 'vitest'
import { MemoryFeed } from '../../../src/engine/embedded/memory-feed'
import { MemoryState } from '../../../src/engine/embedded/memory-state'
import { memoryStreams } from '../../../src/engine/embedded/memory-streams'
import type { Trace } from '../../../src/traces/workbench-feed'

describe('the state', () => {
  test('When falsy values are stored, then they are returned, and a missing value is null', async () => {
    const state = new MemoryState()
    for (const value of [0, false, '', null]) {
      await state.set('1', 'key', value)
      expect(await state.get('1', 'key')).toBe(value)
    }
    expect(await state.get('1', 'other')).toBeNull()
  })

  test('When a value that was stored or read is changed, then the state does not change', async () => {
    const state = new MemoryState()
    const value = { list: [1] }
    await state.set('1', 'key', value)
    value.list.push(2)
    const read = await state.get<typeof value>('1', 'key')
    read?.list.push(3)
    expect(await state.get('1', 'key')).toEqual({ list: [1] })
  })

  test('When the name of one group is the beginning of another, then they are separate groups', async () => {
    const state = new MemoryState()
    await state.set('1', 'a', 'one')
    await state.set('10', 'a:b', 'ten')
    expect(await state.getGroup('1')).toEqual(['one'])
    expect(await state.keys('10')).toEqual(['a:b'])
    await state.clear('1')
    expect(await state.traceIds()).toEqual(['10'])
    expect(await state.delete('10', 'a:b')).toBe('ten')
    expect(await state.delete('10', 'a:b')).toBeNull()
    expect(await state.traceIds()).toEqual([])
  })

  test('When the States tab asks for items, then it gets those that match its group and filter', async () => {
    const state = new MemoryState()
    await state.set('1', 'rex', { name: 'Rex', age: 3 })
    await state.set('1', 'list', [1])
    await state.set('2', 'max', { name: 'Max', age: 10 })
    expect(await state.items({ groupId: '2' })).toEqual([
      { groupId: '2', key: 'max', type: 'object', value: { name: 'Max', age: 10 } },
    ])
    expect((await state.items({})).map(({ type }) => type)).toEqual(['object', 'array', 'object'])
    const keysWhere = async (valueKey: string, operation: 'eq' | 'gt' | 'startsWith' | 'isNull', value: string) =>
      (await state.items({ filter: [{ valueKey, operation, value }] })).map(({ key }) => key)
    expect(await keysWhere('age', 'gt', '5')).toEqual(['max'])
    expect(await keysWhere('name', 'eq', 'Rex')).toEqual(['rex'])
    expect(await keysWhere('key', 'startsWith', 'li')).toEqual(['list'])
    expect(await keysWhere('name', 'isNull', '')).toEqual(['list'])
  })
})

describe('a stream', () => {
  test('When items are set, then they are returned with their ids, in order, as copies', async () => {
    const stream = memoryStreams.createStream<{ name: string }>('pets')
    const item = { name: 'Rex' }
    expect(await stream.set('1', 'a:1', item)).toEqual({ name: 'Rex', id: 'a:1' })
    item.name = 'changed'
    await stream.set('10', 'b', { name: 'Max' })
    await stream.set('1', 'c', { name: 'Tom' })
    await stream.set('1', 'a:1', { name: 'Rex II' })
    expect(await stream.getGroup('1')).toEqual([
      { name: 'Rex II', id: 'a:1' },
      { name: 'Tom', id: 'c' },
    ])
    expect(await stream.get('1', 'b')).toBeNull()
    expect(await stream.delete('1', 'c')).toEqual({ name: 'Tom', id: 'c' })
    await stream.clear('1')
    expect(await stream.getGroup('1')).toEqual([])
    expect(await stream.getGroup('10')).toHaveLength(1)
  })

  test("When Motia's own adapter is asked for group 1, then it also returns group 10, which is why this one exists", async () => {
    const stock = new MemoryStreamAdapter<{ name: string }>('pets')
    await stock.set('10', 'b', { name: 'Max' })
    expect(await stock.getGroup('1')).toHaveLength(1)
  })
})

describe('the feed', () => {
  const buildTrace = (id: string, parentTraceId: string, fields: Partial<Trace> = {}): Trace => ({
    ...{ id, name: 'JsCreatePet', parentTraceId, status: 'running', startTime: 5 },
    ...{ entryPoint: { type: 'api', stepName: 'JsCreatePet' }, events: [], ...fields },
  })
  const batchOf = (...ids: string[]) => ({
    groups: ids.map((id) => ({ id, name: 'JsCreatePet', startTime: 5 })),
    traces: ids.map((id) => buildTrace(`${id}-trace`, id)),
    logs: ids.map((id) => ({ id: `${id}-log`, msg: id })),
  })
  const idsIn = async (feed: MemoryFeed, stream: string, group: string) =>
    (await feed.stream(stream)?.getGroup(group))?.map(({ id }) => id)

  test('When there are more entries than the limit, then the oldest traces and log lines are removed', async () => {
    const feed = new MemoryFeed(2)
    for (const id of ['A', 'B', 'C']) await feed.write(batchOf(id))
    expect(await idsIn(feed, 'motia-trace-group', 'default')).toEqual(['B', 'C'])
    expect(await idsIn(feed, 'motia-trace', 'A')).toEqual([])
    expect(await idsIn(feed, 'motia-trace', 'C')).toEqual(['C-trace'])
    expect(await idsIn(feed, '__motia.logs', 'default')).toEqual(['B-log', 'C-log'])
    expect(feed.stream('pets')).toBeUndefined()
  })

  test('When one trace is continued again and again, then only the latest of its steps are kept', async () => {
    const feed = new MemoryFeed(2)
    for (const id of ['1', '2', '3']) await feed.write({ ...batchOf('A'), traces: [buildTrace(id, 'A')] })
    expect(await idsIn(feed, 'motia-trace', 'A')).toEqual(['2', '3'])
  })

  test('When a trace is written again, then it is updated, and its group keeps its name', async () => {
    const feed = new MemoryFeed(2)
    await feed.write(batchOf('A'))
    const trace = buildTrace('A-trace', 'A', { status: 'completed', endTime: 9 })
    await feed.write({ groups: [{ id: 'A', name: 'JsAuditTrail', startTime: 7 }], traces: [trace], logs: [] })
    expect(await feed.stream('motia-trace-group')?.get('default', 'A')).toMatchObject({ name: 'JsCreatePet' })
    expect(await feed.stream('motia-trace')?.get('A', 'A-trace')).toMatchObject({ status: 'completed' })
  })

  test('When a log line contains something that JSON cannot express, then it and all others are kept', async () => {
    const feed = new MemoryFeed(9)
    await feed.write({ groups: [], traces: [], logs: [{ id: '1', count: 1n }, { id: '2' }] })
    expect(await idsIn(feed, '__motia.logs', 'default')).toEqual(['1', '2'])
  })

  /** A feed with a Workbench, and what its pages get. */
  const openFeed = (limit: number) => {
    const feed = new MemoryFeed(limit)
    const pushed: unknown[] = []
    const sent: unknown[] = []
    const pushing = (name: string): MotiaStream<unknown> => {
      const stream = feed.stream(name)
      if (!stream) throw new Error(name)
      const { set } = stream
      return Object.assign(stream, {
        set: async (groupId: string, id: string, data: unknown) => {
          pushed.push([name, groupId, id])
          return set.call(stream, groupId, id, data)
        },
      })
    }
    const names = ['motia-trace-group', 'motia-trace', '__motia.logs']
    const page = { isOpen: true }
    feed.attach({
      getStreams: () => Object.fromEntries(names.map((name) => [name, () => pushing(name)])),
      isWatched: () => page.isOpen,
      sendAll: (...group) => sent.push(group),
    })
    return { feed, pushed, sent, page }
  }

  test('When a Workbench is open, then new entries go through the streams that push them, and are also kept', async () => {
    const { feed, pushed, sent, page } = openFeed(9)
    page.isOpen = false
    await feed.write(batchOf('A'))
    page.isOpen = true
    await feed.write(batchOf('A', 'B'))
    expect(sent).toEqual([])
    expect(pushed).toEqual([
      ['motia-trace', 'A', 'A-trace'],
      ['motia-trace', 'B', 'B-trace'],
      ['motia-trace-group', 'default', 'B'],
      ['__motia.logs', 'default', 'A-log'],
      ['__motia.logs', 'default', 'B-log'],
    ])
    expect(await idsIn(feed, 'motia-trace-group', 'default')).toEqual(['A', 'B'])
  })

  test('When a batch is large, then the pages get all that is kept in one message, and no single entries', async () => {
    const { feed, pushed, sent } = openFeed(9)
    const ids = Array.from('ABC')
    await feed.write(batchOf(...ids))
    expect(pushed).toEqual([])
    expect(sent).toEqual([
      ['motia-trace-group', 'default'],
      ['__motia.logs', 'default'],
      ...ids.map((id) => ['motia-trace', id]),
    ])
    expect(await idsIn(feed, 'motia-trace-group', 'default')).toEqual(ids)
  })

  test('When many entries come one by one, then the pages rarely get everything again', async () => {
    const { feed, sent } = openFeed(20)
    for (let index = 0; index < 30; index++) await feed.write(batchOf(`T${index}`))
    const resent = sent.filter((group) => String(group) === '__motia.logs,default')
    expect(resent.length).toBeGreaterThan(0)
    expect(resent.length).toBeLessThan(5)
    expect((await idsIn(feed, '__motia.logs', 'default'))?.at(-1)).toBe('T29-log')
  })

  test('When an old trace is dropped, then the pages get the remaining ones', async () => {
    const { feed, sent } = openFeed(1)
    await feed.write(batchOf('A'))
    expect(sent).toEqual([])
    await feed.write(batchOf('B'))
    expect(sent).toContainEqual(['motia-trace-group', 'default'])
  })
})
