import { readAuditedEvent } from '../events/audited-event'
import type { Namespace } from '../pets/pet'
import { StoreError } from '../store/store'
import { openAudit } from './open-audit'
import { readSettings } from './settings'

const audit = openAudit(readSettings())

/**
 * Writes an event of a namespace into the audit trail; throws a `ZodError` for data that no audited event has, and a
 * `StoreError`, after which the event is delivered again, if the trail cannot be written.
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
