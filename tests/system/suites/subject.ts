import type { AuditLine, TestServer } from '../../support/server'

/** What a suite is run against. */
export interface Subject {
  server: TestServer
  /** The audit trail so far, wherever it is kept. */
  audit(): Promise<AuditLine[]>
}
