import type { ApiRouteConfig } from 'motia'
import type { z } from 'zod'

/** An object of an OpenAPI document. */
export type ApiObject = Record<string, unknown>

/** What the OpenAPI document says that no step's config can. */
export interface ApiDescription {
  /** Default: the option `name`. */
  title?: string
  /** Default: the version in the project's `package.json`. */
  version?: string
  /** Markdown. */
  description?: string
  /** What a status means, in all operations that respond with it. */
  statuses?: Record<number, StatusDescription>
  /** Returns what is to be said of one step. */
  operation?(step: Pick<ApiRouteConfig, 'name' | 'method' | 'path'>): OperationDescription | undefined
}

/** What a status means, with an example of its body. */
export interface StatusDescription {
  description: string
  example?: unknown
}

/** The parameters of an operation, and the headers of its responses: each field's metadata has its description and examples. */
export interface OperationDescription {
  path?: z.ZodObject
  /** Adds schemas to the `queryParams` of the step's config, and parameters that it does not name. */
  query?: z.ZodObject
  headers?: z.ZodObject
  /** By status. */
  responseHeaders?: Record<number, z.ZodObject>
}
