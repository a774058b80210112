import type { FeatureDefinition } from './feature'

const queueConfiguration: FeatureDefinition = {
  id: 'queue-configuration',
  title: 'Queue and retries',
  description: 'A run may take 20 s. A job that fails is retried 3 times and then becomes a dead letter',
  startsOn: '  infrastructure: {',
  endsOn: '  },',
}

/** The features of `postcreate-lite.job.step.ts`. */
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
    description: 'The data of these events',
    startsOn: '  input: ',
  },
  queueConfiguration,
  {
    id: 'emits-configuration',
    title: 'Declared events',
    description: 'The job emits an event when it is done',
    startsOn: '  emits: [',
  },
  {
    id: 'handler',
    title: 'Handler',
    description: 'Runs for each job. It gets the data of the event and a context',
    startsOn: "export const handler: Handlers['<Ns>PostCreateLite']",
    endsOn: '}',
  },
  {
    id: 'request-validation',
    title: 'Input validation',
    description: 'An invalid message throws here. The queue retries it until it becomes a dead letter',
    startsOn: '  // 1.',
    endsOn: '  const { petId, enqueuedAt } = jobEnqueuedSchema.parse(',
  },
  {
    id: 'business-logic',
    title: 'Business logic',
    description: 'Adds the welcome notes and sets the next feeding. Running it twice has the same result',
    startsOn: '  // 2.',
    endsOn: '  }))',
  },
  {
    id: 'error-handling',
    title: 'Missing pet',
    description: 'If the pet is gone, the job ends with a warning, because a retry could not succeed',
    startsOn: '  if (!done) {',
    endsOn: '  }',
  },
  {
    id: 'logging',
    title: 'Structured logging',
    description: 'The line that the tutorial opens in the Logs tab',
    startsOn: "  logger.info('✅ Next feeding reminder set'",
    endsOn: '  })',
  },
  {
    id: 'event-emission',
    title: 'Event emission',
    description: 'Reports that the job is done, and how long it took. The audit trail records it',
    startsOn: '  // 3.',
    endsOn: '  }',
  },
]

/** The features of `deletion-reaper.cron.step.ts`. */
export const deletionReaperFeatures: FeatureDefinition[] = [
  {
    id: 'cron-configuration',
    title: 'Cron configuration',
    description: 'A cron step runs on a schedule: minute 0, hour 2, every day',
    startsOn: "  type: 'cron',",
    endsOn: "  cron: '",
  },
  {
    id: 'emits-configuration',
    title: 'Declared events',
    description: 'One event for each purged pet, and one for each run',
    startsOn: '  emits: [',
    endsOn: '  ],',
  },
  {
    id: 'handler',
    title: 'Handler',
    description: 'Runs at each tick. There is no input, so it gets only the context',
    startsOn: "export const handler: Handlers['<Ns>DeletionReaper']",
    endsOn: '}',
  },
  {
    id: 'business-logic',
    title: 'Scan',
    description: 'Checks every pet, and calls the function for each one whose purgeAt is in the past',
    startsOn: '  // 1.',
    endsOn: '  const { counts, errors } = await pets.reap(',
  },
  {
    id: 'purge',
    title: 'Purge',
    description: 'Removes one pet and stores its event. If another namespace was faster, it returns null',
    startsOn: '    // 2.',
    endsOn: '    }))',
  },
  {
    id: 'logging',
    title: 'Structured logging',
    description: 'One line for each purged pet',
    startsOn: "      logger.info('💀 Pet permanently purged'",
    endsOn: '      })',
  },
  {
    id: 'event-emission',
    title: 'Event emission',
    description: 'Every run ends with its counts, even if nothing was due',
    startsOn: '  // 4.',
    endsOn: '  })',
  },
  {
    id: 'error-handling',
    title: 'Error handling',
    description: 'If a pet could not be purged, the run fails, and the trace shows it',
    startsOn: '  if (errors.length > 0) throw',
  },
]

/** The features of `audit-trail.job.step.ts`. */
export const auditTrailFeatures: FeatureDefinition[] = [
  {
    id: 'event-subscription',
    title: 'Event subscription',
    description: 'The topics that the audit trail records. Motia drops an event that has no subscriber',
    startsOn: '  subscribes: [',
    endsOn: '  ],',
  },
  {
    id: 'input-schema',
    title: 'Input schema',
    description: 'The data of any of these events',
    startsOn: '  input: ',
  },
  queueConfiguration,
  {
    id: 'handler',
    title: 'Handler',
    description: 'Runs for each of these events',
    startsOn: "export const handler: Handlers['<Ns>AuditTrail']",
    endsOn: '}',
  },
  {
    id: 'business-logic',
    title: 'Business logic',
    description: 'Appends one line of JSON to .data/audit.jsonl, once for each event, with its trace id',
    startsOn: '  await recordEvent(',
  },
]
