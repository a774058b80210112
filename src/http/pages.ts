import { type ListPets, listPetsSchema } from '../pets/payloads'
import { INVALID_QUERY, parsePayload } from './errors'

/** The page that a query asks for, null where it asks for none; throws an `InvalidPayloadError`. */
export const parsePageQuery = (query: Record<string, unknown>): ListPets | null =>
  query.limit === undefined && query.cursor === undefined ? null : parsePayload(listPetsSchema, query, INVALID_QUERY)

/** The headers that tell where the page after this one is; none where this is the last. `path` is the list's own. */
export const pageHeaders = (path: string, { limit }: ListPets, next: string | null): Record<string, string> =>
  next === null ? {} : { 'X-Next-Cursor': next, Link: `<${path}?limit=${limit}&cursor=${next}>; rel="next"` }
