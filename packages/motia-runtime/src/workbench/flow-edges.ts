import { z } from 'zod'

/** Steps whose left sides are closer than this share a column, in the flow view's pixels. */
const COLUMN_WIDTH = 100

const flowSchema = z.looseObject({
  steps: z.array(z.looseObject({ id: z.string(), filePath: z.string() })),
  edges: z.array(
    z.looseObject({
      id: z.string(),
      source: z.string(),
      target: z.string(),
      data: z.looseObject({ topic: z.string() }),
    }),
  ),
})
const placesSchema = z.object({ config: z.record(z.string(), z.object({ x: z.number(), y: z.number() })) })

type Handles = { sourceHandle?: 'top' | 'bottom'; targetHandle?: 'top' | 'bottom' }

/**
 * Returns the flow with a unique id for each edge. Motia names an edge after its two steps, so the page would draw only
 * one of two topics between the same steps.
 */
export const withOwnEdgeIds = (flow: unknown): unknown => {
  const parsed = flowSchema.safeParse(flow)
  if (!parsed.success) return flow
  const edges = parsed.data.edges.map((edge) => ({ ...edge, id: `${edge.id}:${edge.data.topic}` }))
  return { ...parsed.data, edges }
}

/**
 * Returns the flow with the component at `path` for each step without a component of its own. Edges within a column
 * connect the lower side of the upper step with the upper side of the lower one: the component has a `top` and a
 * `bottom` handle besides its unnamed ones.
 */
export const withStepNodes = (flow: unknown, layout: unknown, path: string): unknown => {
  const parsed = flowSchema.safeParse(flow)
  if (!parsed.success) return flow
  const places = placesSchema.safeParse(layout).data?.config ?? {}
  const placeOf = new Map(parsed.data.steps.map(({ id, filePath }) => [id, places[filePath]]))
  const handlesOf = (source: string, target: string): Handles => {
    const [from, to] = [placeOf.get(source), placeOf.get(target)]
    if (!from || !to || Math.abs(from.x - to.x) > COLUMN_WIDTH) return {}
    return from.y < to.y
      ? { sourceHandle: 'bottom', targetHandle: 'top' }
      : { sourceHandle: 'top', targetHandle: 'bottom' }
  }
  return {
    ...parsed.data,
    steps: parsed.data.steps.map((step) => ({ ...step, nodeComponentPath: step.nodeComponentPath ?? path })),
    edges: parsed.data.edges.map((edge) => ({ ...edge, ...handlesOf(edge.source, edge.target) })),
  }
}
