import { Components } from './components'
import type { ApiDescription, ApiObject } from './description'
import { type ApiOperation, operationOf } from './operation'
import { openApiPath } from './parameters'
import { runtimePaths } from './runtime-paths'
import { runtimeComponents, securitySchemes } from './runtime-responses'

/** The parts of a document. */
export interface DocumentParts extends ApiDescription {
  title: string
  version: string
  operations: readonly ApiOperation[]
  /** Whether the runtime serves `/metrics`. */
  hasMetrics: boolean
  /** Whether the runtime asks for an API key. */
  needsKey: boolean
}

/** Returns the OpenAPI document of an API. */
export const openApiDocument = (parts: DocumentParts): ApiObject => {
  const components = new Components()
  const paths: Record<string, ApiObject> = {}
  for (const operation of parts.operations.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const path = openApiPath(operation.path)
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: operationOf(operation, parts, components) }
  }
  const { title, version, description, needsKey } = parts
  return {
    openapi: '3.1.0',
    info: { title, version, ...(description && { description }) },
    ...(needsKey && { security: Object.keys(securitySchemes).map((name) => ({ [name]: [] })) }),
    paths: { ...paths, ...runtimePaths(parts) },
    components: {
      schemas: components.schemas,
      ...runtimeComponents,
      ...(needsKey && { securitySchemes }),
    },
  }
}
