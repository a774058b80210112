import type { Namespace } from '../pets/pet'
import { readSettings } from '../settings'
import { readAuditedEvent } from './audited-event'
import { openAudit } from './open-audit'

const audit = openAudit(readSettings())

/** Writes an event of a namespace into the audit trail; throws a `ZodError` for data of no audited event. */
export const recordEvent = (namespace: Namespace, traceId: string, data: unknown): Promise<void> =>
  audit.append({ traceId, ...readAuditedEvent(namespace, data) })
