import { z } from 'zod'
import { parsePayload } from './errors'

/** The headers that a create may have. */
export const createHeadersSchema = z.object({
  'Idempotency-Key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
    .optional()
    .meta({ description: 'For 24 hours, a repeated key gets the first response again, and creates nothing' }),
})

/**
 * Returns the `Idempotency-Key` of a request with the path as prefix, since each path has keys of its own; undefined if
 * the request has none. Throws an `InvalidPayloadError` if the key is invalid.
 */
export const idempotencyKeyOf = (path: string, headers: Record<string, unknown>): string | undefined => {
  const given = { 'Idempotency-Key': headers['idempotency-key'] }
  const { 'Idempotency-Key': key } = parsePayload(createHeadersSchema, given, 'Invalid header: {Idempotency-Key}')
  return key === undefined ? undefined : `${path} ${key}`
}
