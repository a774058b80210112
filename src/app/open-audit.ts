import type { Audit } from '../events/audit'
import { AuditLog } from '../events/audit-log'
import { AuditStream } from '../events/audit-stream'
import { sharedRedis } from '../redis/shared-redis'
import { auditFile, type Settings } from './settings'

/** Returns the audit trail that the settings name: it is kept where the pets are. */
export const openAudit = ({ dataDir, redisUrl, redisPrefix, auditLimit }: Settings): Audit =>
  redisUrl ? new AuditStream(sharedRedis(redisUrl), auditLimit, redisPrefix) : new AuditLog(auditFile(dataDir))
