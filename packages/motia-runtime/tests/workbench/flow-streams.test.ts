import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { fixFlowStreams } from '../../src/workbench/flow-streams'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** The parts of Motia's two streams of the flow view that are used. `pushed` is what pages get. */
const buildStreams = () => {
  const crons = ['0 2 * * *', '0 2 * * *']
  const pushed: unknown[] = []
  const flows = {
    get: async () => ({ crons: [...crons] }),
    async set(groupId: string, id: string, flow: unknown): Promise<unknown> {
      // As the wrapper of Motia's server does.
      const known = await Reflect.apply(Reflect.get(flows, 'get'), flows, [groupId, id])
      pushed.push({ type: known ? 'update' : 'create', flow })
      return flow
    },
  }
  const layouts = { get: async () => null, set: async () => null }
  const streams = new Map(Object.entries({ '__motia.flows': flows, '__motia.flowsConfig': layouts }))
  const lockedData = { getStreamByName: (name: string) => ({ factory: () => streams.get(name) }) }
  fixFlowStreams(Object(lockedData), {})
  return { crons, pushed, flows, layouts }
}

test('When a reload changes several steps, then pages get one update of the flow, in its final state', async () => {
  const { crons, pushed, flows } = buildStreams()
  for (const index of crons.keys()) {
    crons[index] = '5 4 * * *'
    // Motia does so for each step.
    void flows.set('default', 'pets', { crons: [...crons] })
  }
  await vi.runAllTimersAsync()
  expect(pushed).toEqual([{ type: 'update', flow: { crons: ['5 4 * * *', '5 4 * * *'] } }])
})

test('When a page asks for the layout of a flow, then it gets that before the flow', async () => {
  const { pushed, flows, layouts } = buildStreams()
  expect(await flows.get()).toBeNull()
  // However long the page takes.
  await vi.runAllTimersAsync()
  expect(pushed).toEqual([])
  await layouts.get()
  expect(pushed).toEqual([])
  await vi.runAllTimersAsync()
  expect(pushed).toHaveLength(1)
})
