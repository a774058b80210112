import type { ApiRouteConfig, Handlers } from 'motia'
import { pets } from '../../src/app/pets'
import { petSoftDeleted } from '../../src/events/payloads'
import { errorSchema } from '../../src/http/errors'
import { httpErrors } from '../../src/http/http-errors'
import { deletionOf, deletionSchema } from '../../src/pets/payloads'

export const config: ApiRouteConfig = {
  type: 'api',
  name: 'PyDeletePet',
  description: 'Soft-deletes a pet: it is kept for 30 more days',
  flows: ['pets'],
  method: 'DELETE',
  path: '/py/pets/:id',
  middleware: [httpErrors],
  responseSchema: {
    202: deletionSchema,
    404: errorSchema,
    412: errorSchema,
    503: errorSchema,
    507: errorSchema,
  },
  emits: [
    { topic: 'py.pet.soft.deleted', label: 'soft delete', conditional: true },
  ],
}

export const handler: Handlers['PyDeletePet'] = async (
  req,
  { emit, logger },
) => {
  // 1. Mark the pet as deleted, if it is as the client last saw it
  const { id = '' } = req.pathParams
  const { headers } = req
  const { pet, events } = await pets.softDelete({ id, headers }, (deleted) => ({
    topic: 'py.pet.soft.deleted',
    data: petSoftDeleted(deleted),
  }))

  // 2. Emit the event, unless the pet was deleted before
  for (const event of events) {
    const { petId, purgeAt } = event.data
    logger.info('🗑️ Pet soft deleted', { petId, purgeAt })
    await emit(event)
  }

  return { status: 202, body: deletionOf(pet) }
}
