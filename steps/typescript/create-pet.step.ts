import type { ApiRouteConfig, Handlers } from 'motia'
import { pets } from '../../src/app/pets'
import { petCreated } from '../../src/events/payloads'
import {
  errorSchema,
  invalidPayloadSchema,
  parsePayload,
} from '../../src/http/errors'
import { httpErrors } from '../../src/http/http-errors'
import { idempotencyKeyOf } from '../../src/http/idempotency'
import { createPetSchema } from '../../src/pets/payloads'
import { petSchema } from '../../src/pets/pet'

export const config: ApiRouteConfig = {
  type: 'api',
  name: 'TsCreatePet',
  description: 'Stores a new pet and queues its job',
  flows: ['pets'],
  method: 'POST',
  path: '/ts/pets',
  middleware: [httpErrors],
  bodySchema: createPetSchema,
  responseSchema: {
    201: petSchema,
    400: invalidPayloadSchema,
    422: errorSchema,
    503: errorSchema,
    507: errorSchema,
  },
  emits: [
    'ts.pet.created',
    { topic: 'ts.job.postcreate.enqueued', label: 'queues job' },
  ],
}

export const handler: Handlers['TsCreatePet'] = async (
  req,
  { emit, logger },
) => {
  // 1. Check the body: the pet's name, species and age
  const input = parsePayload(createPetSchema, req.body)

  // 2. Store the pet together with its events.
  //    A repeated Idempotency-Key gets the first pet, without events
  const { pet, events } = await pets.create(
    input,
    (created) => [
      { topic: 'ts.pet.created', data: petCreated(created) },
      {
        topic: 'ts.job.postcreate.enqueued',
        data: { petId: created.id, enqueuedAt: created.createdAt },
      },
    ],
    idempotencyKeyOf(config.path, req.headers),
  )
  const { id: petId, name, species, status } = pet
  if (events.length > 0) {
    logger.info('🐾 Pet created', { petId, name, species, status })
  }

  // 3. Emit them: one for the audit trail, one to queue the job
  await Promise.all(events.map((event) => emit(event)))

  // 4. Respond without waiting for the job
  return { status: 201, body: pet }
}
