import type { namespaces } from '../../support/namespaces'
import type { AuditLine, TestServer } from '../../support/server'

/** How much of a suite is run: the stock runner needs a process for every call. */
export interface Scope {
  namespaces: typeof namespaces
  /** Of the cases that differ in a value only. */
  atMost: number
}

/** What a suite is run against. */
export interface Subject {
  server: TestServer
  /** What the server has stored, wherever it does. */
  audit(): Promise<AuditLine[]>
  nextId(): Promise<number>
}
