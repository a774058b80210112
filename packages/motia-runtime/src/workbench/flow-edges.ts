import { z } from 'zod'

/** Steps whose left sides are nearer to each other than this share a column, in the flow view's pixels. */
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
 * Returns the flow with an id of its own for each edge. Motia names an edge after its two steps, so the page draws only one
 * of two topics between the same steps.
 */
export const withOwnEdgeIds = (flow: unknown): unknown => {
  const parsed = flowSchema.safeParse(flow)
  if (!parsed.success) return flow
  const edges = parsed.data.edges.map((edge) => ({ ...edge, id: `${edge.id}:${edge.data.topic}` }))
  return { ...parsed.data, edges }
}

/**
 * Returns the flow with the component at `path` for each step that has none of its own beside its file. Edges within a column
 * lead from the lower side of the upper step to the upper side of the lower one, or back, and not around both: the component
 * has a `top` and a `bottom` handle beside its unnamed ones.
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
