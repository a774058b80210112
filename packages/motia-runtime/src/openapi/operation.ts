import { STATUS_CODES } from 'node:http'
import type { ApiRouteConfig } from 'motia'
import type { Components } from './components'
import type { ApiObject, OperationDescription } from './description'
import type { DocumentParts } from './document'
import { headersOf, parametersOf } from './parameters'
import { ifNoneMatch, jsonOf, runtimeHeaders, runtimeResponsesTo } from './runtime-responses'

/** The config of an API step, with its schemas in zod or JSON Schema. */
export interface ApiOperation
  extends Pick<ApiRouteConfig, 'name' | 'method' | 'path' | 'description' | 'flows' | 'queryParams'> {
  bodySchema?: unknown
  responseSchema: Record<string, unknown>
}

/** Returns the document's operation of one step. */
export const operationOf = (config: ApiOperation, api: DocumentParts, components: Components): ApiObject => {
  const { name, description, flows, bodySchema } = config
  const details = api.operation?.(config) ?? {}
  const responses = responsesOf(config, details, api, components)
  const parameters = [...parametersOf(config, details, components), ...('304' in responses ? [ifNoneMatch] : [])]
  return {
    operationId: name,
    ...(description && { summary: description }),
    ...(flows && { tags: flows }),
    ...(parameters.length > 0 && { parameters }),
    ...(bodySchema !== undefined && {
      requestBody: { required: true, content: jsonOf(components.schemaOf(bodySchema, 'input', `${name}Body`)) },
    }),
    responses,
  }
}

/** Returns the responses of an operation by status: those in its config, and those of the runtime. */
const responsesOf = (
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
