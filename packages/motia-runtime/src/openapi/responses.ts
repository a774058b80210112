import { STATUS_CODES } from 'node:http'
import type { Components } from './components'
import type { ApiObject, OperationDescription } from './description'
import type { DocumentParts } from './document'
import type { ApiOperation } from './operation'
import { headersOf } from './parameters'
import { runtimeHeaders, runtimeResponsesTo } from './runtime-responses'

/** Returns a body of JSON. */
export const jsonOf = (schema: ApiObject, example?: unknown): ApiObject => ({
  'application/json': { schema, ...(example !== undefined && { example }) },
})

/** Returns the responses of an operation by status: those in its config, and those of the runtime. */
export const responsesOf = (
  operation: ApiOperation,
  details: OperationDescription,
  api: DocumentParts,
  components: Components,
): ApiObject => {
  const own = Object.entries(operation.responseSchema).map(([status, schema]) => {
    const place = operation.name + status
    const body = isEmpty(status) ? undefined : components.schemaOf(schema, 'output', place)
    const hasTag = (status === '200' || status === '201') && components.isObject(body)
    const { description, example } = api.statuses?.[Number(status)] ?? {}
    const response = {
      description: description ?? STATUS_CODES[status] ?? 'Response',
      headers: {
        ...runtimeHeaders(hasTag),
        ...headersOf(details.responseHeaders?.[Number(status)]?.shape ?? {}, components, place),
      },
      ...(body && { content: jsonOf(body, example) }),
    }
    return { status, hasTag, response }
  })
  return {
    ...runtimeResponsesTo({
      needsKey: api.needsKey,
      hasBody: operation.bodySchema !== undefined,
      isConditional: operation.method === 'GET' && own.some(({ hasTag }) => hasTag),
    }),
    ...Object.fromEntries(own.map(({ status, response }) => [status, response])),
  }
}

const isEmpty = (status: string): boolean => status === '204' || status === '304'
