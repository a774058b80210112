import type { EventConfig, Handlers } from 'motia'
import { recordEvent } from '../../src/app/audit-trail'
import { auditedEventSchema } from '../../src/events/audited-event'

export const config: EventConfig = {
  type: 'event',
  name: 'TsAuditTrail',
  description: 'Appends the events of the namespace to the audit trail',
  flows: ['pets'],
  subscribes: [
    'ts.pet.created',
    'ts.job.postcreate.completed',
    'ts.pet.soft.deleted',
    'ts.pet.purged',
    'ts.reaper.completed',
  ],
  input: auditedEventSchema,
  infrastructure: {
    handler: { timeout: 20 },
    queue: { maxRetries: 3, visibilityTimeout: 30 },
  },
  emits: [],
}

export const handler: Handlers['TsAuditTrail'] = async (input, { traceId }) => {
  await recordEvent('ts', traceId, input)
}
