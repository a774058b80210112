import { STATUS_CODES } from 'node:http'
import { KEY_REQUIRED } from '../http/api-keys'
import { BODY_LIMIT } from '../http/routes'
import type { ApiObject } from './description'

const text = { type: 'string' }
const error = { type: 'object', properties: { message: text }, required: ['message'] }

/** Returns a body of JSON. */
export const jsonOf = (schema: ApiObject, example?: unknown): ApiObject => ({
  'application/json': { schema, ...(example !== undefined && { example }) },
})

const refTo = (kind: string, name: string): ApiObject => ({ $ref: `#/components/${kind}/${name}` })

const headers = {
  ETag: { description: 'Changes whenever the body does', schema: text },
  'X-Trace-Id': { description: 'The trace of the request, in the log and in the Workbench', schema: text },
}

/** Returns the headers that the runtime adds to a response of a step. */
export const runtimeHeaders = (hasTag: boolean): ApiObject => ({
  ...(hasTag && { ETag: refTo('headers', 'ETag') }),
  'X-Trace-Id': refTo('headers', 'X-Trace-Id'),
})

/** How a client sends an API key. */
export const securitySchemes = {
  bearer: { type: 'http', scheme: 'bearer' },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
}

/** The parameter of an operation whose response has an `ETag`. */
export const ifNoneMatch = refTo('parameters', 'If-None-Match')

/** Returns a response of the runtime, whose body is a message. */
const message = (description: string, example: string): ApiObject => ({
  description,
  content: jsonOf(error, { message: example }),
})

const traced = { headers: runtimeHeaders(false) }

/** The runtime's responses before or instead of a step, by status. */
const ALWAYS = new Map([
  [403, message('A web page of another site sent the request', 'Requests from other sites are refused')],
  [500, { ...message('A bug: the log has the details', 'Internal server error'), ...traced }],
  [503, { ...message('The handler took too long', 'The request took too long'), ...traced }],
])

const WITH_BODY = new Map([
  [400, message('The body is not JSON', 'The body is not valid JSON')],
  [413, message('The body is too large', `The body is too large: at most ${BODY_LIMIT} are accepted`)],
  [415, message('The body has an unknown encoding', 'The encoding or character set of the body is not supported')],
])

const WITH_KEY = new Map([
  [
    401,
    {
      ...message('The API key is missing or unknown', KEY_REQUIRED),
      headers: { 'WWW-Authenticate': { required: true, schema: text } },
    },
  ],
])

const CONDITIONAL = new Map([
  [304, { description: 'The body has not changed: it still has that `ETag`', headers: runtimeHeaders(true) }],
])

const nameOf = (status: number): string => (STATUS_CODES[status] ?? String(status)).replaceAll(' ', '')

/** The components to which the runtime's responses refer. */
export const runtimeComponents = {
  headers,
  parameters: {
    'If-None-Match': {
      name: 'If-None-Match',
      in: 'header',
      description: 'The `ETag` of the body that the client has',
      schema: text,
    },
  },
  responses: {
    ...Object.fromEntries(
      [...ALWAYS, ...WITH_KEY, ...WITH_BODY, ...CONDITIONAL].map(([status, response]) => [nameOf(status), response]),
    ),
    Error: {
      ...message('Any other error, such as 405 for a method that the path does not take', 'Method not allowed'),
      headers: { Allow: { description: 'With a 405: the methods that the path takes', schema: text } },
    },
  },
}

/** Returns the runtime's responses to an operation, as references by status. */
export const runtimeResponsesTo = ({ needsKey = false, hasBody = false, isConditional = false }): ApiObject => {
  const statuses = [
    ...ALWAYS.keys(),
    ...(needsKey ? WITH_KEY.keys() : []),
    ...(hasBody ? WITH_BODY.keys() : []),
    ...(isConditional ? CONDITIONAL.keys() : []),
  ]
  const named = [...statuses.map((status) => [String(status), nameOf(status)] as const), ['default', 'Error'] as const]
  return Object.fromEntries(named.map(([status, name]) => [status, refTo('responses', name)]))
}
