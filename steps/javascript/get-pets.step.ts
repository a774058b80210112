import type { ApiRouteConfig, Handlers } from 'motia'
import { pets } from '../../src/app/pets'
import { errorSchema, invalidPayloadSchema } from '../../src/http/errors'
import { httpErrors } from '../../src/http/http-errors'
import { pageHeaders, pageParams, parsePageQuery } from '../../src/http/pages'
import { petListSchema } from '../../src/pets/payloads'

export const config: ApiRouteConfig = {
  type: 'api',
  name: 'JsListPets',
  description: 'Lists every pet, including deleted ones, oldest first',
  flows: ['pets'],
  method: 'GET',
  path: '/js/pets',
  middleware: [httpErrors],
  queryParams: pageParams,
  responseSchema: {
    200: petListSchema,
    400: invalidPayloadSchema,
    503: errorSchema,
  },
  emits: [],
}

export const handler: Handlers['JsListPets'] = async (req) => {
  // 1. Without a filter or a page in the query, list all pets
  const page = parsePageQuery(req.queryParams)
  if (!page) return { status: 200, body: await pets.list() }

  // 2. List the page. Headers point to the next one
  const { pets: body, next } = await pets.listPage(page)
  return { status: 200, headers: pageHeaders(config.path, page, next), body }
}
