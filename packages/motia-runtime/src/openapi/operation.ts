import type { ApiRouteConfig } from 'motia'
import type { Components } from './components'
import type { ApiObject } from './description'
import type { DocumentParts } from './document'
import { parametersOf } from './parameters'
import { jsonOf, responsesOf } from './responses'
import { ifNoneMatch } from './runtime-responses'

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
