import { OPEN_PATHS } from '../http/api-keys'
import type { ApiObject } from './description'
import type { DocumentParts } from './document'
import { jsonOf, runtimeResponsesTo } from './runtime-responses'

const text = { type: 'string' }
const health = {
  type: 'object',
  properties: { status: { enum: ['ok', 'degraded', 'unavailable', 'stopping'] }, store: text, queues: text },
  required: ['status'],
}

const readiness = {
  200: { description: 'The server is ready. If the status is `degraded`, jobs wait', content: jsonOf(health) },
  503: { description: 'The server is not ready, or it is stopping', content: jsonOf(health) },
}

/** The paths that the runtime itself serves. */
const PATHS = {
  '/livez': {
    operationId: 'livez',
    summary: 'Shows whether the process serves requests',
    responses: { 200: { description: 'The process serves requests', content: jsonOf(health) } },
  },
  '/readyz': { operationId: 'readyz', summary: 'Shows whether the server is ready', responses: readiness },
  '/health': { operationId: 'health', summary: 'The same as `/readyz`', responses: readiness },
  '/metrics': {
    operationId: 'metrics',
    summary: 'Shows metrics in the format of Prometheus',
    responses: { 200: { description: 'The metrics', content: { 'text/plain': { schema: text } } } },
  },
}

/** Returns the document's part about the paths that the runtime itself serves. */
export const runtimePaths = ({ hasMetrics, needsKey }: Pick<DocumentParts, 'hasMetrics' | 'needsKey'>): ApiObject =>
  Object.fromEntries(
    Object.entries(PATHS)
      .filter(([path]) => hasMetrics || path !== '/metrics')
      .map(([path, { responses, ...operation }]) => {
        const isOpen = OPEN_PATHS.has(path)
        const others = runtimeResponsesTo({ needsKey: needsKey && !isOpen })
        const get = {
          ...operation,
          tags: ['server'],
          ...(isOpen && { security: [] }),
          responses: { ...others, ...responses },
        }
        return [path, { get }]
      }),
  )
