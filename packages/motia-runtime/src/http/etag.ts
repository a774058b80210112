import { createHash } from 'node:crypto'

/** Returns the strong entity tag of a JSON text. */
export const etagOf = (json: string | Buffer): string => `"${createHash('sha1').update(json).digest('base64url')}"`

/**
 * Returns whether an `If-Match` header (RFC 9110, 13.1.1) names the tag, in a list or as `*`. A weak tag never matches.
 */
export const matchesEtag = (ifMatch: string, etag: string): boolean =>
  ifMatch.trim() === '*' || ifMatch.match(/(?:W\/)?"[^"]*"/g)?.includes(etag) === true
