import { z } from 'zod'

const flowSchema = z.looseObject({
  edges: z.array(z.looseObject({ id: z.string(), data: z.looseObject({ topic: z.string() }) })),
})

/**
 * A flow whose edges each have an id of their own. Motia names an edge after its two steps, so of two topics between the
 * same steps (a reaper tells the audit trail of each purge, and of the end of its run) the page draws only one.
 */
export const withOwnEdgeIds = (flow: unknown): unknown => {
  const parsed = flowSchema.safeParse(flow)
  if (!parsed.success) return flow
  const edges = parsed.data.edges.map((edge) => ({ ...edge, id: `${edge.id}:${edge.data.topic}` }))
  return { ...parsed.data, edges }
}
