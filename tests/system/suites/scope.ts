import type { namespaces } from '../../support/namespaces'

/** How much of a suite is run: the stock runner needs a process for every call. */
export interface Scope {
  namespaces: typeof namespaces
  /** Of the cases that differ in a value only. */
  atMost: number
}
