import type { ApiRouteConfig } from 'motia'
import type { z } from 'zod'

/** An object of an OpenAPI document. */
export type ApiObject = Record<string, unknown>

/** Additions to the OpenAPI document that no step's config can contain. */
export interface ApiDescription {
  /** Default: the option `name`. */
  title?: string
  /** Default: the version in the project's `package.json`. */
  version?: string
  /** Markdown. */
  description?: string
  /** The meaning of each status, in all operations that respond with it. */
  statuses?: Record<number, StatusDescription>
  /** Returns additions for one step. */
  operation?(step: Pick<ApiRouteConfig, 'name' | 'method' | 'path'>): OperationDescription | undefined
}

/** The meaning of a status, with an example of its body. */
export interface StatusDescription {
  description: string
  example?: unknown
}

/**
 * The parameters of an operation and the headers of its responses. Each field's metadata contains its description and
 * examples.
 */
export interface OperationDescription {
  path?: z.ZodObject
  /** Adds schemas to the `queryParams` of the step's config, and parameters that it does not name. */
  query?: z.ZodObject
  headers?: z.ZodObject
  /** By status. */
  responseHeaders?: Record<number, z.ZodObject>
}
