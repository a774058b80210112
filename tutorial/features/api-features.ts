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
  description:
    'Runs around the handler. This one turns an error that the handler throws into a response with its status',
  startsOn: '  middleware: [httpErrors],',
}

/** The request's and the responses' schemas: those that span several lines, or the responses' one line. */
const schemas = (description: string, lines: Pick<FeatureDefinition, 'startsOn' | 'endsOn'>): FeatureDefinition => ({
  id: 'schemas',
  title: 'Schemas',
  description,
  ...lines,
})

const handler = (step: string): FeatureDefinition => ({
  id: 'handler',
  title: 'Handler',
  description: 'Runs for each request. It gets the request and a context, and returns a status and a body',
  startsOn: `export const handler: Handlers['<Ns>${step}']`,
  endsOn: '}',
})

const bodyAndResponses = { startsOn: '  bodySchema:', endsOn: '  },' }
const responses = { startsOn: '  responseSchema: {', endsOn: '  },' }

/** The features of `create-pet.step.ts`. */
export const createPetFeatures: FeatureDefinition[] = [
  apiConfiguration('POST /<ns>/pets creates a pet'),
  errorHandling,
  schemas('Zod describes the body of the request, and the body of the response for each status', bodyAndResponses),
  {
    id: 'emits-configuration',
    title: 'Declared events',
    description: 'The topics that this step may emit. The lines of the flow view come from here',
    startsOn: '  emits: [',
    endsOn: '  ],',
  },
  handler('CreatePet'),
  {
    id: 'request-validation',
    title: 'Request validation',
    description:
      'Motia does not enforce schemas, so the handler parses the body. An invalid one throws and becomes a 400',
    startsOn: '  // 1.',
    endsOn: '  const input = parsePayload(',
  },
  {
    id: 'business-logic',
    title: 'Pet and events together',
    description:
      'One write stores the pet and its events. If the server crashes before emitting them, the next start emits them',
    startsOn: '  // 2.',
    endsOn: '  )',
  },
  {
    id: 'logging',
    title: 'Structured logging',
    description: 'A message and its data. Every line also has the name of the step and the trace id',
    startsOn: '    logger.info(',
  },
  {
    id: 'event-emission',
    title: 'Event emission',
    description: 'One event goes to the audit trail, the other one queues the background job',
    startsOn: '  // 3.',
    endsOn: '  await Promise.all(',
  },
  {
    id: 'success-response',
    title: 'Success response',
    description: '201 with the pet as it is now. The job runs later',
    startsOn: '  // 4.',
    endsOn: '  return { status: 201',
  },
]

/** The features of `get-pets.step.ts`. */
export const getPetsFeatures: FeatureDefinition[] = [
  apiConfiguration('GET /<ns>/pets lists all pets'),
  errorHandling,
  schemas('Zod describes the list, and the errors', responses),
  handler('ListPets'),
  {
    id: 'success-response',
    title: 'Success response',
    description: '200 with every pet, including soft-deleted ones, in order of creation',
    startsOn: '  if (!page) return { status: 200',
  },
  {
    id: 'pagination',
    title: 'A page of the list',
    description: 'With ?limit=, the list has at most that many pets. X-Next-Cursor is the ?cursor= of the next page',
    startsOn: '  // 2.',
    endsOn: '  return { status: 200',
  },
]

/** The features of `get-pet.step.ts`. */
export const getPetFeatures: FeatureDefinition[] = [
  apiConfiguration('GET /<ns>/pets/:id shows one pet'),
  errorHandling,
  schemas('Zod describes the pet, and the errors', { startsOn: '  responseSchema:' }),
  handler('GetPet'),
  {
    id: 'success-response',
    title: 'Success response',
    description: '200 with the pet. If the pet does not exist, pets.get throws and the middleware responds with 404',
    startsOn: '  return { status: 200',
  },
]

/** The features of `update-pet.step.ts`. */
export const updatePetFeatures: FeatureDefinition[] = [
  apiConfiguration('PUT /<ns>/pets/:id changes a pet'),
  errorHandling,
  schemas('Zod describes the body of the request, and the body of the response for each status', bodyAndResponses),
  {
    id: 'emits-configuration',
    title: 'Declared events',
    description: 'Both are conditional: only a soft delete or a restore emits one. The flow view draws them dashed',
    startsOn: '  emits: [',
    endsOn: '  ],',
  },
  handler('UpdatePet'),
  {
    id: 'request-validation',
    title: 'Request validation',
    description: 'Every field is optional, and fields that a client must not set are ignored',
    startsOn: '  // 1.',
    endsOn: '  const patch = parsePayload(',
  },
  {
    id: 'business-logic',
    title: 'Pet and events together',
    description: 'Changes the given fields. A soft delete or a restore stores its event in the same write',
    startsOn: '  // 2.',
    endsOn: '  })',
  },
  {
    id: 'soft-delete',
    title: 'Soft delete',
    description: 'The status "deleted" does the same as DELETE, with the same event',
    startsOn: '    deleted: (deleted) => ({',
    endsOn: '    }),',
  },
  {
    id: 'restore',
    title: 'Restore',
    description: 'Any other status restores a soft-deleted pet, and queues its feeding reminder again',
    startsOn: '    restored: (',
    endsOn: '    }),',
  },
  {
    id: 'logging',
    title: 'Structured logging',
    description: 'Which pet changed, and its status now',
    startsOn: '  logger.info(',
  },
  {
    id: 'event-emission',
    title: 'Event emission',
    description: 'Emits the event of a soft delete or a restore. Other changes have no event',
    startsOn: '  // 3.',
    endsOn: '  for (const event of events)',
  },
  {
    id: 'success-response',
    title: 'Success response',
    description: '200 with the pet as it is now',
    startsOn: '  return { status: 200',
  },
]

/** The features of `delete-pet.step.ts`. */
export const deletePetFeatures: FeatureDefinition[] = [
  apiConfiguration('DELETE /<ns>/pets/:id soft-deletes a pet'),
  errorHandling,
  schemas('202 Accepted: the pet will be purged in 30 days', responses),
  {
    id: 'emits-configuration',
    title: 'Declared events',
    description: 'Conditional: only the first delete of a pet emits it',
    startsOn: '  emits: [',
    endsOn: '  ],',
  },
  handler('DeletePet'),
  {
    id: 'business-logic',
    title: 'Soft delete',
    description: 'The pet gets the status "deleted" and a purgeAt 30 days ahead. Its record stays',
    startsOn: '  // 1.',
    endsOn: '  }))',
  },
  {
    id: 'logging',
    title: 'Structured logging',
    description: 'Which pet was deleted, and when it may be purged',
    startsOn: '    logger.info(',
  },
  {
    id: 'event-emission',
    title: 'Event emission',
    description: 'Only if this request deleted the pet. A repeated DELETE emits nothing',
    startsOn: '  // 2.',
    endsOn: '  }',
  },
  {
    id: 'success-response',
    title: 'Success response',
    description: '202 with purgeAt. A repeated DELETE returns the same purgeAt',
    startsOn: '  return { status: 202',
  },
]
