import type { ApiObject } from './description'
import { jsonOf } from './responses'

const text = { type: 'string' }
const health = {
  type: 'object',
  properties: { status: { enum: ['ok', 'degraded', 'unavailable', 'stopping'] }, store: text, queues: text },
  required: ['status'],
}

const pathOf = (operationId: string, summary: string, responses: ApiObject): ApiObject => ({
  get: {
    operationId,
    summary,
    tags: ['server'],
    // Whoever watches the server has no key.
    security: [],
    responses: { ...responses, default: { $ref: '#/components/responses/Error' } },
  },
})

const readiness = {
  200: { description: 'It can; jobs have to wait if the status is `degraded`', content: jsonOf(health) },
  503: { description: 'It cannot, or it is stopping', content: jsonOf(health) },
}

const metricsPath = pathOf('metrics', 'Shows metrics in the format of Prometheus', {
  200: { description: 'The metrics', content: { 'text/plain': { schema: text } } },
})

/** Returns the paths that the runtime itself serves. */
export const runtimePaths = (hasMetrics: boolean): ApiObject => ({
  '/livez': pathOf('livez', 'Shows that the process serves requests', {
    200: { description: 'It does', content: jsonOf(health) },
  }),
  '/readyz': pathOf('readyz', 'Shows whether the server can do its work', readiness),
  '/health': pathOf('health', 'The same as `/readyz`', readiness),
  ...(hasMetrics && { '/metrics': metricsPath }),
})
