export { BackgroundTask } from './background-task'
export type { CronLeases, CronRun } from './cron/cron-leases'
export { FAIL_FAST, tendConnection } from './engine/bullmq/tend-connection'
export {
  type DeadLetter,
  type DeadLetters,
  EmitError,
  type Engine,
  type EngineEvents,
  type QueueCounts,
  type QueuedEvent,
} from './engine/engine'
export { accessOf, type FileAccess } from './files/file-access'
export { type FileCalls, hasCode, nodeFiles, readRange, writeAll } from './files/file-calls'
export { withFileLock } from './files/file-lock'
export { type FileStamp, isSettled, NO_FILE, sameStamp, versionOf } from './files/file-stamp'
export { LineLog } from './files/line-log'
export { replaceFile, versionAt, writeFile } from './files/replace-file'
export { Reserve } from './files/reserve'
export { setAsideUnless } from './files/set-aside'
export { Turns } from './files/turns'
export type { ApiKey } from './http/api-keys'
export { etagOf, matchesEtag } from './http/etag'
export type { ApiDescription, OperationDescription, StatusDescription } from './openapi/description'
export type { Outbox, OwedEvent } from './outbox/outbox'
export { defineConfig } from './server/define-config'
export type { RuntimeConfig, RuntimeHooks, RuntimeOptions } from './server/options'
export { currentRun, type Run } from './steps/step-scope'
export { ItemStream } from './workbench/item-stream'
