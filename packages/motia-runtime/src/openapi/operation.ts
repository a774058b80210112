import { STATUS_CODES } from 'node:http'
import type { ApiRouteConfig } from 'motia'
import { z } from 'zod'
import type { Components } from './components'
import type { ApiDescription, ApiObject, OperationDescription } from './description'
import { runtimeResponsesTo } from './runtime-responses'

/** A parameter in the path: `:id`, `:id(\\d+)`, `:id?`. */
const PATH_PARAMETER = /:(\w+)(?:\([^)]*\))?[?*+]?/g

/** Returns an express path as OpenAPI writes it: `/pets/{id}`. */
export const openApiPath = (path: string): string =>
  path.replaceAll(PATH_PARAMETER, '{$1}').replaceAll('*', '{wildcard}')

const namesIn = (path: string): Named[] =>
  Array.from(openApiPath(path).matchAll(/{(\w+)}/g), ([, name = '']) => ({ name }))

/** The config of an API step, with its schemas in zod or JSON Schema. */
export interface ApiOperation
  extends Pick<ApiRouteConfig, 'name' | 'method' | 'path' | 'description' | 'flows' | 'queryParams'> {
  bodySchema?: unknown
  responseSchema: Record<string, unknown>
}

/** Returns what a document says of one step. */
export const operationOf = (config: ApiOperation, api: ApiDescription, components: Components): ApiObject => {
  const { name, description, flows, bodySchema } = config
  const details = api.operation?.(config) ?? {}
  const parameters = parametersOf(config, details, components)
  return {
    operationId: name,
    ...(description && { summary: description }),
    ...(flows && { tags: flows }),
    ...(parameters.length > 0 && { parameters }),
    ...(bodySchema !== undefined && {
      requestBody: { required: true, content: jsonOf(components.schemaOf(bodySchema, 'input', `${name}Body`)) },
    }),
    responses: {
      ...runtimeResponsesTo(bodySchema !== undefined),
      ...responsesOf(config, details, api, components),
    },
  }
}

const jsonOf = (schema: ApiObject, example?: unknown) => ({
  'application/json': { schema, ...(example !== undefined && { example }) },
})

const parametersOf = (
  { name, path, queryParams = [] }: ApiOperation,
  details: OperationDescription,
  components: Components,
): ApiObject[] => {
  const list = (place: string, named: readonly Named[], fields: z.core.$ZodShape = {}): ApiObject[] => {
    const others = Object.keys(fields).filter((key) => named.every((known) => known.name !== key))
    return [...named, ...others.map((key) => ({ name: key }))].map((parameter) => {
      const field = fields[parameter.name]
      return {
        ...parameter,
        in: place,
        required: place === 'path' || isRequired(field),
        ...contentOf(field, components, `${name}${parameter.name}`),
      }
    })
  }
  return [
    ...list('path', namesIn(path), details.path?.shape),
    ...list('query', queryParams, details.query?.shape),
    ...list('header', [], details.headers?.shape),
  ]
}

/** A parameter that the step's config names. */
interface Named {
  name: string
  description?: string
}

const isRequired = (field: z.core.$ZodType | undefined): boolean =>
  field !== undefined && !z.safeParse(field, undefined).success

/** Returns the description and the schema of a parameter or header. What is sent is text: the schema is that of its meaning. */
const contentOf = (field: z.core.$ZodType | undefined, components: Components, place: string): ApiObject => {
  if (!field) return { schema: { type: 'string' } }
  const { description, ...schema } = components.schemaOf(field, 'output', place)
  return { ...(description !== undefined && { description }), schema }
}

const responsesOf = (
  { name, responseSchema }: ApiOperation,
  { responseHeaders = {} }: OperationDescription,
  { statuses = {} }: ApiDescription,
  components: Components,
): ApiObject =>
  Object.fromEntries(
    Object.entries(responseSchema).map(([key, schema]) => {
      const status = Number(key)
      const headers = Object.entries(responseHeaders[status]?.shape ?? {}).map(([header, field]) => {
        return [header, { required: isRequired(field), ...contentOf(field, components, `${name}${status}${header}`) }]
      })
      const hasBody = status !== 204 && status !== 304
      const body = hasBody && components.schemaOf(schema, 'output', `${name}${status}`)
      return [
        key,
        {
          description: statuses[status]?.description ?? STATUS_CODES[status] ?? 'Response',
          ...(headers.length > 0 && { headers: Object.fromEntries(headers) }),
          ...(body && { content: jsonOf(body, statuses[status]?.example) }),
        },
      ]
    }),
  )
