import type { MotiaPluginContext } from 'motia'
import { withOwnEdgeIds, withStepNodes } from './flow-edges'
import { withPlaces } from './flow-layout'

/** How long changes of a flow are collected, in ms: of two states within a millisecond, pages drop the later. */
const CHANGE_PATIENCE_MS = 20

/**
 * Changes what the flow view gets: unique ids for edges, places in `motia-workbench.json` for new steps, and the
 * component at `stepNode` for all steps. A page, which requests both, gets the layout before the flow. In the other
 * order, it might draw the flow with a layout of its own and overwrite the project's file with that.
 */
export const fixFlowStreams = (
  lockedData: MotiaPluginContext['lockedData'],
  { stepNode }: { stepNode?: string | undefined },
): void => {
  const flows = streamNamed(lockedData, '__motia.flows')
  const layouts = streamNamed(lockedData, '__motia.flowsConfig')

  let isSetting = false
  const push = async (groupId: string, id: string): Promise<void> => {
    const flow = await flows.get(groupId, id)
    if (!flow) return
    const layout = await layouts.get(groupId, id)
    const placed = withPlaces(layout, flow)
    // Open pages get the layout before the steps.
    if (placed !== layout) await layouts.set(groupId, id, Object(placed))
    const drawn = withOwnEdgeIds(flow)
    isSetting = true
    const setting = flows.set(groupId, id, Object(stepNode ? withStepNodes(drawn, placed, stepNode) : drawn))
    isSetting = false
    await setting
  }
  const pushLater = (groupId: string, id: string, delay: number): NodeJS.Timeout =>
    setTimeout(() => void push(groupId, id).catch(console.error), delay).unref()
  const changes = new Map<string, NodeJS.Timeout>()

  Object.assign(flows.stream, {
    set: async (groupId: string, id: string, flow: unknown) => {
      clearTimeout(changes.get(id))
      changes.set(id, pushLater(groupId, id, CHANGE_PATIENCE_MS))
      return flow
    },
    // Motia's `set` asks whether the flow is new. Pages list a new one once more.
    get: async (groupId: string, id: string) => (isSetting ? flows.get(groupId, id) : null),
  })
  Object.assign(layouts.stream, {
    get: async (groupId: string, id: string) => {
      const layout = await layouts.get(groupId, id)
      // In the next turn, when the layout has been sent.
      pushLater(groupId, id, 0)
      return layout
    },
  })
}

/** Returns one of Motia's streams, and its original methods. */
const streamNamed = (lockedData: MotiaPluginContext['lockedData'], name: string) => {
  const stream = lockedData.getStreamByName(name)?.factory()
  if (!stream) throw new Error(`Motia has no stream ${name}`)
  return { stream, get: stream.get.bind(stream), set: stream.set.bind(stream) }
}
