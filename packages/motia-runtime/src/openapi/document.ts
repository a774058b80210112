import { Components } from './components'
import type { ApiDescription, ApiObject } from './description'
import { type ApiOperation, operationOf } from './operation'
import { openApiPath } from './parameters'
import { runtimePaths } from './runtime-paths'
import { runtimeComponents } from './runtime-responses'

/** What a document is made from. */
export interface DocumentParts extends ApiDescription {
  title: string
  version: string
  operations: readonly ApiOperation[]
  /** Whether the runtime serves `/metrics`. */
  metrics: boolean
}

/** Returns the OpenAPI document of an API. */
export const openApiDocument = ({ operations, metrics, ...api }: DocumentParts): ApiObject => {
  const components = new Components()
  const paths: Record<string, ApiObject> = {}
  for (const operation of operations.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const path = openApiPath(operation.path)
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: operationOf(operation, api, components) }
  }
  const { title, version, description, securitySchemes } = api
  return {
    openapi: '3.1.0',
    info: { title, version, ...(description && { description }) },
    ...(securitySchemes && { security: Object.keys(securitySchemes).map((name) => ({ [name]: [] })) }),
    paths: { ...paths, ...runtimePaths(metrics) },
    components: {
      schemas: components.schemas,
      ...runtimeComponents,
      ...(securitySchemes && { securitySchemes }),
    },
  }
}
