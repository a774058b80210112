import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Request as ExpressRequest, NextFunction } from 'express'

/** Node's request, with what express's router and parsers add. */
export interface Request extends IncomingMessage, Pick<ExpressRequest, 'body' | 'params' | 'query'> {
  /** The route that matches the request. */
  route?: { path: unknown }
  /** The name of the request's API key. */
  caller?: string
}

/** Handles a request before express's application gets it, so there are only Node's own methods. */
export type Handler = (request: Request, response: ServerResponse, next: NextFunction) => void

/** Sends a response with a JSON body. */
export const sendJson = (response: ServerResponse, status: number, body: object): void => {
  const text = JSON.stringify(body)
  response.statusCode = status
  response.setHeader('Content-Type', 'application/json; charset=utf-8')
  response.setHeader('Content-Length', Buffer.byteLength(text))
  response.end(text)
}
