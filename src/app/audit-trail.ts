import { readAuditedEvent } from '../events/audited-event'
import type { Namespace } from '../pets/pet'
import { StoreError } from '../store/store'
import { openAudit } from './open-audit'
import { readSettings } from './settings'

const audit = openAudit(readSettings())

/**
 * Writes an event of a namespace to the audit trail. Throws a `ZodError` if the data matches no audited event. Throws a
 * `StoreError` if the trail cannot be written; the event is then delivered again.
 */
export const recordEvent = async (namespace: Namespace, traceId: string, payload: unknown): Promise<void> => {
  const { topic, by, data } = readAuditedEvent(namespace, payload)
  try {
    await audit.append({ topic, traceId, by, data })
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? cause.code : 'internal error'
    throw new StoreError('STORE_UNAVAILABLE', `The audit trail cannot be written (${reason})`, { cause })
  }
}
