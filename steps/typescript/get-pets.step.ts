import type { ApiRouteConfig, Handlers } from 'motia'
import { errorSchema } from '../../src/http/errors'
import { httpErrors } from '../../src/http/http-errors'
import { petListSchema } from '../../src/pets/payloads'
import { pets } from '../../src/pets/pets'

export const config: ApiRouteConfig = {
  type: 'api',
  name: 'TsListPets',
  description: 'Lists every pet, deleted ones too, oldest first',
  flows: ['pets'],
  method: 'GET',
  path: '/ts/pets',
  middleware: [httpErrors],
  responseSchema: { 200: petListSchema, 503: errorSchema },
  emits: [],
}

export const handler: Handlers['TsListPets'] = async () => {
  return { status: 200, body: await pets.list() }
}
