import { STATUS_CODES } from 'node:http'
import { BODY_LIMIT } from '../http/routes'
import type { ApiObject } from './description'

const text = { type: 'string' }
const error = { type: 'object', properties: { message: text }, required: ['message'] }

/** Returns the response of the runtime itself, whose body is a message. */
const message = (description: string, example: string): ApiObject => ({
  description,
  content: { 'application/json': { schema: error, example: { message: example } } },
})

/** What the runtime responds with before or instead of a step, by status. */
const ALWAYS = new Map([
  [403, message('A web page of another site sent the request', 'Requests from other sites are refused')],
  [500, message('A bug: the log has the details', 'Internal server error')],
  [503, message('The handler took too long', 'The request took too long')],
])

const WITH_BODY = new Map([
  [400, message('The body is not JSON', 'The body is not valid JSON')],
  [413, message('The body is too large', `The body is too large: at most ${BODY_LIMIT} are accepted`)],
  [415, message('The body has an unknown encoding', 'The encoding or character set of the body is not supported')],
])

const nameOf = (status: number): string => (STATUS_CODES[status] ?? String(status)).replaceAll(' ', '')

/** The runtime's responses as components of a document. */
export const runtimeResponses: ApiObject = {
  ...Object.fromEntries([...ALWAYS, ...WITH_BODY].map(([status, response]) => [nameOf(status), response])),
  Error: {
    ...message('Any other error, such as 405 for a method that the path does not take', 'Method not allowed'),
    headers: { Allow: { description: 'With a 405: the methods that the path takes', schema: text } },
  },
}

/** Returns the runtime's responses to an operation, as references by status. */
export const runtimeResponsesTo = (hasBody: boolean): ApiObject => {
  const statuses = [...ALWAYS.keys(), ...(hasBody ? WITH_BODY.keys() : [])]
  const named = [...statuses.map((status) => [String(status), nameOf(status)] as const), ['default', 'Error'] as const]
  return Object.fromEntries(named.map(([status, name]) => [status, { $ref: `#/components/responses/${name}` }]))
}

const health = {
  type: 'object',
  properties: { status: { enum: ['ok', 'degraded', 'unavailable', 'stopping'] }, store: text, queues: text },
  required: ['status'],
}

const healthResponse = (description: string): ApiObject => ({
  description,
  content: { 'application/json': { schema: health } },
})

/** The paths that the runtime itself serves. */
export const runtimePaths: ApiObject = {
  '/health': {
    get: {
      operationId: 'health',
      summary: 'Shows whether the server can do its work',
      tags: ['server'],
      // Whoever watches the server has no key.
      security: [],
      responses: {
        200: healthResponse('It can; jobs have to wait if the status is `degraded`'),
        503: healthResponse('It cannot, or it is stopping'),
        default: { $ref: '#/components/responses/Error' },
      },
    },
  },
}
