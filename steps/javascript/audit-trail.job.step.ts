import type { EventConfig, Handlers } from 'motia'
import { recordEvent } from '../../src/app/audit-trail'
import { auditedEventSchema } from '../../src/events/audited-event'

export const config: EventConfig = {
  type: 'event',
  name: 'JsAuditTrail',
  description: 'Appends the events of the namespace to the audit trail',
  flows: ['pets'],
  subscribes: [
    'js.pet.created',
    'js.job.postcreate.completed',
    'js.pet.soft.deleted',
    'js.pet.purged',
    'js.reaper.completed',
  ],
  input: auditedEventSchema,
  infrastructure: {
    handler: { timeout: 20 },
    queue: { maxRetries: 3, visibilityTimeout: 30 },
  },
  emits: [],
}

export const handler: Handlers['JsAuditTrail'] = async (input, { traceId }) => {
  await recordEvent('js', traceId, input)
}
