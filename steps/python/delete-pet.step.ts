import type { ApiRouteConfig, Handlers } from 'motia'
import { petSoftDeleted } from '../../src/events/payloads'
import { errorSchema } from '../../src/http/errors'
import { httpErrors } from '../../src/http/http-errors'
import { deletionSchema } from '../../src/pets/payloads'
import { pets } from '../../src/pets/pets'

export const config: ApiRouteConfig = {
  type: 'api',
  name: 'PyDeletePet',
  description: 'Soft-deletes a pet: it is kept for 30 more days',
  flows: ['pets'],
  method: 'DELETE',
  path: '/py/pets/:id',
  middleware: [httpErrors],
  responseSchema: { 202: deletionSchema, 404: errorSchema, 503: errorSchema, 507: errorSchema },
  emits: [{ topic: 'py.pet.soft.deleted', label: 'soft delete', conditional: true }],
}

export const handler: Handlers['PyDeletePet'] = async (req, { emit, logger }) => {
  // 1. Mark the pet as deleted, and when it may be purged
  const { id = '' } = req.pathParams
  const { deletion, pet, transition } = await pets.softDelete(id)

  // 2. Tell the audit trail, the first time only
  if (transition === 'deleted') {
    logger.info('🗑️ Pet soft deleted', { petId: deletion.petId, purgeAt: deletion.purgeAt })
    await emit({ topic: 'py.pet.soft.deleted', data: petSoftDeleted(pet) })
  }

  return { status: 202, body: deletion }
}
