import { sharedRedis } from '../redis/shared-redis'
import { auditFile, type Settings } from '../settings'
import type { Audit } from './audit'
import { AuditLog } from './audit-log'
import { AuditStream } from './audit-stream'

/** The audit trail that the settings name: it is kept where the pets are. */
export const openAudit = ({ store, dataDir, redisUrl, auditLimit }: Settings): Audit =>
  store === 'redis' && redisUrl ? new AuditStream(sharedRedis(redisUrl), auditLimit) : new AuditLog(auditFile(dataDir))
