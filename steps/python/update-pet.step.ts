import type { ApiRouteConfig, Handlers } from 'motia'
import { pets } from '../../src/app/pets'
import { petSoftDeleted } from '../../src/events/payloads'
import {
  errorSchema,
  invalidPayloadSchema,
  parsePayload,
} from '../../src/http/errors'
import { httpErrors } from '../../src/http/http-errors'
import { updatePetSchema } from '../../src/pets/payloads'
import { petSchema } from '../../src/pets/pet'

export const config: ApiRouteConfig = {
  type: 'api',
  name: 'PyUpdatePet',
  description: 'Changes a pet; its status can soft-delete or restore it',
  flows: ['pets'],
  method: 'PUT',
  path: '/py/pets/:id',
  middleware: [httpErrors],
  bodySchema: updatePetSchema,
  responseSchema: {
    200: petSchema,
    400: invalidPayloadSchema,
    404: errorSchema,
    412: errorSchema,
    503: errorSchema,
    507: errorSchema,
  },
  emits: [
    { topic: 'py.pet.soft.deleted', label: 'soft delete', conditional: true },
    {
      topic: 'py.feeding.reminder.enqueued',
      label: 'restored',
      conditional: true,
    },
  ],
}

export const handler: Handlers['PyUpdatePet'] = async (
  req,
  { emit, logger },
) => {
  // 1. Check the body: every field is optional
  const patch = parsePayload(updatePetSchema, req.body)

  // 2. Change the pet. A soft delete or a restore has an event
  const { id = '' } = req.pathParams
  const { headers } = req
  const { pet, events } = await pets.update({ id, headers }, patch, {
    deleted: (deleted) => ({
      topic: 'py.pet.soft.deleted',
      data: petSoftDeleted(deleted),
    }),
    restored: ({ id: petId, updatedAt: enqueuedAt }) => ({
      topic: 'py.feeding.reminder.enqueued',
      data: { petId, enqueuedAt },
    }),
  })
  logger.info('✏️ Pet updated', { petId: pet.id, status: pet.status })

  // 3. Emit the event, if there is one
  for (const event of events) await emit(event)

  return { status: 200, body: pet }
}
