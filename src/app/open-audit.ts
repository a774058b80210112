import type { Audit } from '../audit/audit'
import { AuditLog } from '../audit/audit-log'
import { AuditStream } from '../audit/audit-stream'
import { sharedRedis } from '../redis/shared-redis'
import { auditFile, type Settings } from './settings'

/** Returns the audit trail of the settings, which is in the same place as the pets. */
export const openAudit = ({ dataDir, redisUrl, redisPrefix, auditLimit }: Settings): Audit =>
  redisUrl ? new AuditStream(sharedRedis(redisUrl), auditLimit, redisPrefix) : new AuditLog(auditFile(dataDir))
