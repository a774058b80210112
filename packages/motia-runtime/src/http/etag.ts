import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import fresh from 'fresh'

/** Returns the strong entity tag of a JSON text. */
export const etagOf = (json: string | Buffer): string => `"${createHash('sha1').update(json).digest('base64url')}"`

/**
 * Returns whether an `If-Match` header (RFC 9110, 13.1.1) names the tag, in a list or as `*`. A weak tag never matches.
 */
export const matchesEtag = (ifMatch: string, etag: string): boolean =>
  ifMatch.trim() === '*' || ifMatch.match(/(?:W\/)?"[^"]*"/g)?.includes(etag) === true

/** Returns whether an `If-None-Match` header (13.1.2) names the tag, in a list or as `*`. A weak tag matches too. */
export const matchesWeakly = (ifNoneMatch: string, etag: string): boolean =>
  matchesEtag(ifNoneMatch, etag) || matchesEtag(ifNoneMatch, `W/${etag}`)

/** Returns whether the client that reads already has this response, so that a 304 is enough. */
export const isFresh = ({ method, headers }: IncomingMessage, response: ServerResponse): boolean =>
  (method === 'GET' || method === 'HEAD') &&
  (response.statusCode === 200 || response.statusCode === 304) &&
  fresh(headers, { etag: response.getHeader('ETag'), 'last-modified': response.getHeader('Last-Modified') })
