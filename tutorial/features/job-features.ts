import type { FeatureDefinition } from './feature'

const queueConfiguration: FeatureDefinition = {
  id: 'queue-configuration',
  title: 'Queue and retries',
  description: 'A call may take 20 s. A job that fails is tried 3 more times, then it goes to the dead-letter queue',
  startsOn: '  infrastructure: {',
  endsOn: '  },',
}

/** What is to be seen in `postcreate-lite.job.step.ts`. */
export const postCreateLiteFeatures: FeatureDefinition[] = [
  {
    id: 'event-subscription',
    title: 'Event subscription',
    description: 'An event step runs for each event of these topics: a pet was created, or restored',
    startsOn: '  subscribes: [',
  },
  {
    id: 'input-schema',
    title: 'Input schema',
    description: 'What the data of those events looks like. The type of the handler comes from here',
    startsOn: '  input: ',
  },
  queueConfiguration,
  {
    id: 'emits-configuration',
    title: 'Declared events',
    description: 'The job tells when it is done',
    startsOn: '  emits: [',
  },
  {
    id: 'handler',
    title: 'Handler',
    description: 'What runs for each job: it is given the data of the event and a context',
    startsOn: "export const handler: Handlers['<Ns>PostCreateLite']",
    endsOn: '}',
  },
  {
    id: 'request-validation',
    title: 'Input validation',
    description: 'A message that is no job fails here. The queue retries it and then sets it aside',
    startsOn: '  // 1.',
    endsOn: '  const { petId, enqueuedAt } = jobEnqueuedSchema.parse(',
  },
  {
    id: 'business-logic',
    title: 'Business logic',
    description: 'Adds the welcome notes and sets the next feeding. Doing it twice gives the same pet',
    startsOn: '  // 2.',
    endsOn: '  const pet = await pets.finishJob(',
  },
  {
    id: 'error-handling',
    title: 'Missing pet',
    description: 'A job for a pet that is gone ends with a warning: a retry could not help',
    startsOn: '  if (!pet) {',
    endsOn: '  }',
  },
  {
    id: 'logging',
    title: 'Structured logging',
    description: 'The line to look for in the Logs tab',
    startsOn: "  logger.info('✅ Next feeding reminder set'",
  },
  {
    id: 'event-emission',
    title: 'Event emission',
    description: 'The job is done, with how long it took. The audit trail writes it down',
    startsOn: '  // 3.',
    endsOn: "  await emit({ topic: '<ns>.job.postcreate.completed'",
  },
]

/** What is to be seen in `deletion-reaper.cron.step.ts`. */
export const deletionReaperFeatures: FeatureDefinition[] = [
  {
    id: 'cron-configuration',
    title: 'Cron configuration',
    description: 'A cron step runs by the clock: minute 0, hour 2, every day',
    startsOn: "  type: 'cron',",
    endsOn: "  cron: '",
  },
  {
    id: 'emits-configuration',
    title: 'Declared events',
    description: 'One event for each purged pet, and one for each run',
    startsOn: '  emits: [',
  },
  {
    id: 'handler',
    title: 'Handler',
    description: 'What runs at each tick: there is no input, so it is given the context only',
    startsOn: "export const handler: Handlers['<Ns>DeletionReaper']",
    endsOn: '}',
  },
  {
    id: 'business-logic',
    title: 'Business logic',
    description: 'Claims each pet whose purgeAt is past, announces it and removes it, once among all three reapers',
    startsOn: '  // 1.',
    endsOn: '  )',
  },
  {
    id: 'logging',
    title: 'Structured logging',
    description: 'One line for each pet that is gone for good',
    startsOn: '  for (const pet of purged) {',
    endsOn: '  }',
  },
  {
    id: 'event-emission',
    title: 'Event emission',
    description: 'Every run ends with its figures, also when nothing was due',
    startsOn: '  // 4.',
    endsOn: "  await emit({ topic: '<ns>.reaper.completed'",
  },
  {
    id: 'error-handling',
    title: 'Error handling',
    description: 'A pet that could not be removed fails the run, so that the trace shows it',
    startsOn: '  if (failure) throw failure',
  },
]

/** What is to be seen in `audit-trail.job.step.ts`. */
export const auditTrailFeatures: FeatureDefinition[] = [
  {
    id: 'event-subscription',
    title: 'Event subscription',
    description: 'Every topic that tells what happened. An event without a subscriber would go nowhere',
    startsOn: '  subscribes: [',
    endsOn: '  ],',
  },
  {
    id: 'input-schema',
    title: 'Input schema',
    description: 'The data of any of those events',
    startsOn: '  input: ',
  },
  queueConfiguration,
  {
    id: 'handler',
    title: 'Handler',
    description: 'Runs for each of those events',
    startsOn: "export const handler: Handlers['<Ns>AuditTrail']",
    endsOn: '}',
  },
  {
    id: 'business-logic',
    title: 'Business logic',
    description: 'Appends one JSON line to .data/audit.jsonl, once for each event, with its trace id',
    startsOn: '  await recordEvent(',
  },
]
