import type { Namespace } from '../pets/pet'
import { auditFile, readSettings } from '../settings'
import { AuditLog } from './audit-log'
import { readAuditedEvent } from './audited-event'

const log = new AuditLog(auditFile(readSettings().dataDir))

/** Writes an event of a namespace into the audit trail; throws a `ZodError` for data of no audited event. */
export const recordEvent = (namespace: Namespace, traceId: string, data: unknown): Promise<void> =>
  log.append({ traceId, ...readAuditedEvent(namespace, data) })
