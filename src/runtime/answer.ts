import { pipeline, Readable } from 'node:stream'
import type { RequestHandler } from 'express'
import type { ApiRequest, ApiResponse, Step } from 'motia'
import { jsonParts, jsonText } from './json-text'
import type { StepRunner } from './step-runner'
import { newTraceId } from './trace-id'

/** The express handler that answers by a step in this process, as Motia's own (`asyncHandler` of its server) would. */
export const answerBy = (runner: Pick<StepRunner, 'runApi'>, step: Step): RequestHandler => {
  return async (request, response, next) => {
    try {
      // Motia hands headers and query on as express parsed them, under narrower types.
      const input = {
        body: request.body,
        headers: request.headers as ApiRequest['headers'],
        pathParams: request.params,
        queryParams: request.query as ApiRequest['queryParams'],
        rawBody: request.rawBody ?? '',
      }
      send(response, await runner.runApi(step, input, newTraceId()))
    } catch (error) {
      next(error)
    }
  }
}

/** Sends strings and buffers as express does, anything else as JSON in one piece, unless it keeps several. */
const send = (
  response: Parameters<RequestHandler>[1],
  { status, headers, body }: ApiResponse<number, unknown>,
): void => {
  if (headers) for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.statusCode = status
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    response.send(body)
    return
  }
  if (!response.hasHeader('Content-Type')) response.setHeader('Content-Type', 'application/json; charset=utf-8')
  const parts = jsonParts(body)
  if (parts) {
    // A client that leaves before the end is no error.
    pipeline(Readable.from(parts), response, () => {})
    return
  }
  const text = jsonText(body) ?? ''
  response.setHeader('Content-Length', Buffer.byteLength(text))
  // Node sends a string in one piece with the headers, a buffer in a piece of its own.
  response.end(text)
}
