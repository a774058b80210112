import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ApiRequest, ApiResponse, Step } from 'motia'
import { hasCode } from '../files/file-calls'
import { etagOf, isFresh } from '../http/etag'
import type { Handler } from '../http/handler'
import type { StepRunner } from './step-runner'
import { traceIdOf } from './trace-id'

/** How many elements of a long list are turned into JSON per turn of the event loop: about 4 ms of work. */
const ELEMENTS_PER_TURN = 2_000

/** Returns the handler that runs an API step in this process, as Motia's own (`asyncHandler` of its server) would. */
export const answerBy = (runner: Pick<StepRunner, 'runApi'>, step: Step): Handler => {
  return async (request, response, next) => {
    try {
      // Motia passes on headers and query as parsed by express, with narrower types.
      const input = {
        body: request.body,
        headers: request.headers as ApiRequest['headers'],
        pathParams: request.params,
        queryParams: request.query as ApiRequest['queryParams'],
        rawBody: request.rawBody ?? '',
      }
      const traceId = traceIdOf(request.headers.traceparent)
      // Not W3C's `traceresponse`, which is a draft and does not allow short ids.
      response.setHeader('X-Trace-Id', traceId)
      await send(request, response, await runner.runApi(step, input, traceId, request.caller))
    } catch (error) {
      next(error)
    }
  }
}

/**
 * Sends a long list in parts, and anything else in one piece: strings and buffers as express does, the rest as JSON.
 * Adds an `ETag` to an object that was read or stored.
 */
const send = async (
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: ApiResponse<number, unknown>,
): Promise<void> => {
  if (headers) for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.statusCode = status
  response.setHeader('Content-Type', typeOf(body, response.getHeader('Content-Type')))
  if (Array.isArray(body) && body.length > ELEMENTS_PER_TURN) {
    await pipeline(Readable.from(jsonParts(body)), response).catch((error) => {
      // It is not an error if the client leaves before the end.
      if (!hasCode(error, 'ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE')) throw error
    })
    return
  }
  const content = isRaw(body) ? body : (JSON.stringify(body) ?? '')
  if ((status === 200 || status === 201) && hasTag(body) && !response.hasHeader('ETag')) {
    response.setHeader('ETag', etagOf(content))
  }
  if (isFresh(request, response)) response.statusCode = 304
  if (response.statusCode === 304 || status === 204) {
    response.removeHeader('Content-Type')
    response.end()
    return
  }
  response.setHeader('Content-Length', Buffer.byteLength(content))
  // Node sends a string together with the headers, but a buffer separately.
  response.end(content)
}

const isRaw = (body: unknown): body is string | Buffer => typeof body === 'string' || Buffer.isBuffer(body)

/** Returns the content type of a body, for which the step may have set one. */
const typeOf = (body: unknown, given: number | string | string[] | undefined): string => {
  if (typeof body === 'string') {
    const type = String(given ?? 'text/html')
    return /;\s*charset=/i.test(type) ? type : `${type}; charset=utf-8`
  }
  return String(given ?? (Buffer.isBuffer(body) ? 'application/octet-stream' : 'application/json; charset=utf-8'))
}

const hasTag = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && !Array.isArray(body) && !Buffer.isBuffer(body)

/**
 * Yields the JSON of a list in parts, so that a list of a million elements neither blocks other requests nor exceeds
 * the maximum length of a string.
 */
async function* jsonParts(list: readonly unknown[]): AsyncGenerator<string> {
  for (let start = 0; start < list.length; start += ELEMENTS_PER_TURN) {
    const part = JSON.stringify(list.slice(start, start + ELEMENTS_PER_TURN)).slice(1, -1)
    yield `${start === 0 ? '[' : ','}${part}`
    await nextTurn()
  }
  yield ']'
}
