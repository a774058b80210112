import type { ApiRouteConfig, Handlers } from 'motia'
import { petCreated } from '../../src/events/payloads'
import { errorSchema, invalidPayloadSchema, parsePayload } from '../../src/http/errors'
import { httpErrors } from '../../src/http/http-errors'
import { createPetSchema } from '../../src/pets/payloads'
import { petSchema } from '../../src/pets/pet'
import { pets } from '../../src/pets/pets'

export const config: ApiRouteConfig = {
  type: 'api',
  name: 'PyCreatePet',
  description: 'Stores a new pet, answers at once and queues its job',
  flows: ['pets'],
  method: 'POST',
  path: '/py/pets',
  middleware: [httpErrors],
  bodySchema: createPetSchema,
  responseSchema: { 201: petSchema, 400: invalidPayloadSchema, 503: errorSchema, 507: errorSchema },
  emits: ['py.pet.created', { topic: 'py.job.postcreate.enqueued', label: 'queues job' }],
}

export const handler: Handlers['PyCreatePet'] = async (req, { emit, logger }) => {
  // 1. Check the body: the pet's name, species and age
  const input = parsePayload(createPetSchema, req.body)

  // 2. Store the pet: from here on nothing loses it
  const pet = await pets.create('py', input)
  logger.info('🐾 Pet created', { petId: pet.id, name: pet.name, species: pet.species, status: pet.status })

  // 3. Tell the audit trail, and queue the background job
  await Promise.all([
    emit({ topic: 'py.pet.created', data: petCreated(pet) }),
    emit({ topic: 'py.job.postcreate.enqueued', data: { petId: pet.id, enqueuedAt: pet.createdAt } }),
  ])

  // 4. Answer without waiting for the job
  return { status: 201, body: pet }
}
