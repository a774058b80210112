import type { MotiaPluginContext } from 'motia'
import { withOwnEdgeIds } from './flow-edges'
import { withPlaces } from './flow-layout'

/** When a page gets a flow for whose layout it does not ask, in ms. */
const LAYOUT_PATIENCE_MS = 1_000

/**
 * Mends what the flow view is told. The edges get ids of their own. And a page that joins a flow gets the layout first: it
 * asks for flow and layout one after the other, and where it has drawn the flow before the layout is there, it lays the
 * steps out by itself and saves that over the project's `motia-workbench.json`. New steps get a place in that file.
 */
export const mendFlowStreams = (lockedData: MotiaPluginContext['lockedData']): void => {
  const streamNamed = (name: string) => {
    const stream = lockedData.getStreamByName(name)?.factory()
    if (!stream) throw new Error(`Motia has no stream ${name}`)
    return stream
  }
  const flows = streamNamed('__motia.flows')
  const layouts = streamNamed('__motia.flowsConfig')
  const { getFlow, setFlow } = { getFlow: flows.get.bind(flows), setFlow: flows.set.bind(flows) }
  const { getLayout, setLayout } = { getLayout: layouts.get.bind(layouts), setLayout: layouts.set.bind(layouts) }

  let isSetting = false
  const set = async (groupId: string, id: string, flow: Parameters<typeof setFlow>[2]) => {
    const layout = await getLayout(groupId, id)
    const placed = withPlaces(layout, flow)
    // Saved, and told to the pages that are open, before they are told of the steps.
    if (placed !== layout) await setLayout(groupId, id, Object(placed))
    isSetting = true
    try {
      return setFlow(groupId, id, Object(withOwnEdgeIds(flow)))
    } finally {
      isSetting = false
    }
  }
  const push = async (groupId: string, id: string): Promise<void> => {
    const flow = await getFlow(groupId, id)
    if (flow) await set(groupId, id, flow)
  }
  const pushLater = (groupId: string, id: string, delay: number): void => {
    setTimeout(() => void push(groupId, id).catch(console.error), delay).unref()
  }

  Object.assign(flows, {
    set,
    get: async (groupId: string, id: string) => {
      // Motia's `set` begins by asking what there is, which is no page that joins.
      if (!isSetting) pushLater(groupId, id, LAYOUT_PATIENCE_MS)
      return null
    },
  })
  Object.assign(layouts, {
    get: async (groupId: string, id: string) => {
      const layout = await getLayout(groupId, id)
      // In the next turn, when the layout has been sent.
      pushLater(groupId, id, 0)
      return layout
    },
  })
}
