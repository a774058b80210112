import type { AuditLine, TestServer } from '../../support/server'

/** The server that a suite tests. */
export interface Subject {
  server: TestServer
  /** The audit trail so far, wherever it is kept. */
  audit(): Promise<AuditLine[]>
}
