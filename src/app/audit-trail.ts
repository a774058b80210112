import { readAuditedEvent } from '../events/audited-event'
import type { Namespace } from '../pets/pet'
import { openAudit } from './open-audit'
import { readSettings } from './settings'

const audit = openAudit(readSettings())

/** Writes an event of a namespace into the audit trail; throws a `ZodError` for data that no audited event has. */
export const recordEvent = async (namespace: Namespace, traceId: string, payload: unknown): Promise<void> => {
  const { topic, data } = readAuditedEvent(namespace, payload)
  await audit.append({ topic, traceId, data })
}
