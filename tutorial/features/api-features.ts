import type { FeatureDefinition } from './feature'

const apiConfiguration = (what: string): FeatureDefinition => ({
  id: 'api-configuration',
  title: 'API configuration',
  description: `An API step is called over HTTP: ${what}`,
  startsOn: "  type: 'api',",
  endsOn: "  path: '/<ns>/pets",
})

const errorHandling: FeatureDefinition = {
  id: 'error-handling',
  title: 'Middleware',
  description: 'Runs around the handler. This one turns what the handler throws into a 400, 404, 503 or 507 as JSON',
  startsOn: '  middleware: [httpErrors],',
}

const schemas = (description: string, startsOn = '  responseSchema:'): FeatureDefinition => ({
  id: 'schemas',
  title: 'Schemas',
  description,
  startsOn,
  ...(startsOn === '  responseSchema:' ? {} : { endsOn: '  responseSchema:' }),
})

const handler = (step: string): FeatureDefinition => ({
  id: 'handler',
  title: 'Handler',
  description: 'What runs for each request: it is given the request and a context, and returns a status and a body',
  startsOn: `export const handler: Handlers['<Ns>${step}']`,
  endsOn: '}',
})

/** What is to be seen in `create-pet.step.ts`. */
export const createPetFeatures: FeatureDefinition[] = [
  apiConfiguration('POST /<ns>/pets creates a pet'),
  errorHandling,
  schemas('Zod describes the body that comes in and the body of each status that goes out', '  bodySchema:'),
  {
    id: 'emits-configuration',
    title: 'Declared events',
    description: 'The topics that this step may emit. The flow view draws its edges from them',
    startsOn: '  emits: [',
  },
  handler('CreatePet'),
  {
    id: 'request-validation',
    title: 'Request validation',
    description:
      'Motia does not enforce schemas, so the handler parses the body. A wrong one throws, and becomes a 400',
    startsOn: '  // 1.',
    endsOn: '  const input = parsePayload(',
  },
  {
    id: 'business-logic',
    title: 'Business logic',
    description: 'One call of the shared rules in src/pets. When it returns, the pet is safe on disk',
    startsOn: '  // 2.',
    endsOn: '  const pet = await pets.create(',
  },
  {
    id: 'logging',
    title: 'Structured logging',
    description: 'A message and its data. Every line carries the name of the step and the trace id',
    startsOn: '  logger.info(',
  },
  {
    id: 'event-emission',
    title: 'Event emission',
    description: 'One event for the audit trail, and one that queues the background job',
    startsOn: '  // 3.',
    endsOn: '  ])',
  },
  {
    id: 'success-response',
    title: 'Success response',
    description: '201 with the pet as it is now: nobody waits for the job',
    startsOn: '  // 4.',
    endsOn: '  return { status: 201',
  },
]

/** What is to be seen in `get-pets.step.ts`. */
export const getPetsFeatures: FeatureDefinition[] = [
  apiConfiguration('GET /<ns>/pets lists all pets'),
  errorHandling,
  schemas('Zod describes the list that goes out'),
  handler('ListPets'),
  {
    id: 'success-response',
    title: 'Success response',
    description: '200 with every pet, soft-deleted ones too, in the order of creation',
    startsOn: '  if (!page) return { status: 200',
  },
  {
    id: 'pagination',
    title: 'A page of the list',
    description: 'With ?limit= only so many pets; X-Next-Cursor says where to go on with ?cursor=',
    startsOn: '  // 2.',
    endsOn: '  return { status: 200',
  },
]

/** What is to be seen in `get-pet.step.ts`. */
export const getPetFeatures: FeatureDefinition[] = [
  apiConfiguration('GET /<ns>/pets/:id shows one pet'),
  errorHandling,
  schemas('Zod describes the pet that goes out, and the errors'),
  handler('GetPet'),
  {
    id: 'success-response',
    title: 'Success response',
    description: '200 with the pet. Where there is none, pets.get throws and the middleware answers 404',
    startsOn: '  return { status: 200',
  },
]

/** What is to be seen in `update-pet.step.ts`. */
export const updatePetFeatures: FeatureDefinition[] = [
  apiConfiguration('PUT /<ns>/pets/:id changes a pet'),
  errorHandling,
  schemas('Zod describes the body that comes in and the body of each status that goes out', '  bodySchema:'),
  {
    id: 'emits-configuration',
    title: 'Declared events',
    description: 'Both are emitted on a condition only, which the flow view shows',
    startsOn: '  emits: [',
    endsOn: '  ],',
  },
  handler('UpdatePet'),
  {
    id: 'request-validation',
    title: 'Request validation',
    description: 'Every field is optional here, and fields that a client must not set are left out',
    startsOn: '  // 1.',
    endsOn: '  const patch = parsePayload(',
  },
  {
    id: 'business-logic',
    title: 'Business logic',
    description: 'Changes the fields it was given, and tells what that meant for the pet',
    startsOn: '  // 2.',
    endsOn: '  const { pet, transition } = await pets.update(',
  },
  {
    id: 'logging',
    title: 'Structured logging',
    description: 'Which pet changed, and the status it has now',
    startsOn: '  logger.info(',
  },
  {
    id: 'soft-delete',
    title: 'Soft delete',
    description: 'The status "deleted" does what DELETE does, with the same event',
    startsOn: "  if (transition === 'deleted') {",
    endsOn: '  }',
  },
  {
    id: 'restore',
    title: 'Restore',
    description: 'Any other status brings a soft-deleted pet back and queues its feeding reminder again',
    startsOn: "  if (transition === 'restored') {",
    endsOn: '  }',
  },
  {
    id: 'success-response',
    title: 'Success response',
    description: '200 with the pet as it is now',
    startsOn: '  return { status: 200',
  },
]

/** What is to be seen in `delete-pet.step.ts`. */
export const deletePetFeatures: FeatureDefinition[] = [
  apiConfiguration('DELETE /<ns>/pets/:id soft-deletes a pet'),
  errorHandling,
  schemas('202 Accepted: the pet is scheduled for deletion, not gone'),
  {
    id: 'emits-configuration',
    title: 'Declared events',
    description: 'Conditional: only the first delete of a pet emits it',
    startsOn: '  emits: [',
  },
  handler('DeletePet'),
  {
    id: 'business-logic',
    title: 'Soft delete',
    description: 'The pet gets the status "deleted" and a purgeAt 30 days ahead. Its record stays',
    startsOn: '  // 1.',
    endsOn: '  const { deletion, pet, transition } = await pets.softDelete(',
  },
  {
    id: 'event-emission',
    title: 'Event emission',
    description: 'Only where the pet became deleted just now: a repeated DELETE changes nothing',
    startsOn: '  // 2.',
    endsOn: '  }',
  },
  {
    id: 'success-response',
    title: 'Success response',
    description: '202 with purgeAt, the same one each time',
    startsOn: '  return { status: 202',
  },
]
