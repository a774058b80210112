import { type ListPets, listPetsSchema } from '../pets/payloads'
import { INVALID_QUERY, parsePayload } from './errors'

/** The parameters of a list, for the config of a step. */
export const pageParams = Object.entries(listPetsSchema.shape).map(([name, { description = '' }]) => ({
  name,
  description,
}))

/** Returns the page of a query; null if it has none of the parameters. Throws an `InvalidPayloadError`. */
export const parsePageQuery = (query: Record<string, unknown>): ListPets | null =>
  pageParams.every(({ name }) => query[name] === undefined) ? null : parsePayload(listPetsSchema, query, INVALID_QUERY)

/** Returns the headers that point to the next page; none for the last page. `path` is that of the list. */
export const pageHeaders = (path: string, page: ListPets, next: string | null): Record<string, string> => {
  if (next === null) return {}
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries({ ...page, cursor: next })) {
    if (value !== undefined) query.set(name, String(value))
  }
  return { 'X-Next-Cursor': next, Link: `<${path}?${query}>; rel="next"` }
}
