import type { ApiRouteConfig, Handlers } from 'motia'
import { pets } from '../../src/app/pets'
import { errorSchema } from '../../src/http/errors'
import { httpErrors } from '../../src/http/http-errors'
import { petSchema } from '../../src/pets/pet'

export const config: ApiRouteConfig = {
  type: 'api',
  name: 'TsGetPet',
  description: 'Shows one pet by its id, soft-deleted or not',
  flows: ['pets'],
  method: 'GET',
  path: '/ts/pets/:id',
  middleware: [httpErrors],
  responseSchema: { 200: petSchema, 404: errorSchema, 503: errorSchema },
  emits: [],
}

export const handler: Handlers['TsGetPet'] = async (req) => {
  const { id = '' } = req.pathParams
  return { status: 200, body: await pets.get(id) }
}
