import type { ApiRouteConfig, Handlers } from 'motia'
import { errorSchema } from '../../src/http/errors'
import { httpErrors } from '../../src/http/http-errors'
import { petListSchema } from '../../src/pets/payloads'
import { pets } from '../../src/pets/pets'

export const config: ApiRouteConfig = {
  type: 'api',
  name: 'JsListPets',
  description: 'Lists every pet, deleted ones too, oldest first',
  flows: ['pets'],
  method: 'GET',
  path: '/js/pets',
  middleware: [httpErrors],
  responseSchema: { 200: petListSchema, 503: errorSchema },
  emits: [],
}

export const handler: Handlers['JsListPets'] = async () => {
  return { status: 200, body: await pets.list() }
}
