import type { EventConfig, Handlers } from 'motia'
import { recordEvent } from '../../src/app/audit-trail'
import { auditedEventSchema } from '../../src/events/audited-event'

export const config: EventConfig = {
  type: 'event',
  name: 'PyAuditTrail',
  description: 'Appends the events of the namespace to the audit trail',
  flows: ['pets'],
  subscribes: [
    'py.pet.created',
    'py.job.postcreate.completed',
    'py.pet.soft.deleted',
    'py.pet.purged',
    'py.reaper.completed',
  ],
  input: auditedEventSchema,
  infrastructure: {
    handler: { timeout: 20 },
    queue: { maxRetries: 3, visibilityTimeout: 30 },
  },
  emits: [],
}

export const handler: Handlers['PyAuditTrail'] = async (input, { traceId }) => {
  await recordEvent('py', traceId, input)
}
