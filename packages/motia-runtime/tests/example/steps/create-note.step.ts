import type { ApiRouteConfig, Handlers } from 'motia'
import { z } from 'zod'

const bodySchema = z.object({ text: z.string() })

export const config: ApiRouteConfig = {
  type: 'api',
  name: 'CreateNote',
  flows: ['notes'],
  method: 'POST',
  path: '/notes',
  bodySchema,
  responseSchema: { 202: z.object({ id: z.string() }) },
  emits: ['note.created'],
}

export const handler: Handlers['CreateNote'] = async (req, { emit, traceId }) => {
  const { text } = bodySchema.parse(req.body)
  await emit({ topic: 'note.created', data: { id: traceId, text } })
  return { status: 202, body: { id: traceId } }
}
