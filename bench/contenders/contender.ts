import type { ServerProcess } from './server-process'

/** The name of a contender in the results. */
export type ContenderKey = 'embedded' | 'redis' | 'peer' | 'json-server' | 'stock'

/** A server to measure. */
export interface Contender {
  key: ContenderKey
  title: string
  /** Whether each create queues a background job that adds notes to the pet. */
  hasJobs: boolean
  /**
   * Starts it on its own port and data folder, with that many pets. `tracer` is the beginning of a command that runs
   * the process that writes to the disk. Rejects if something it needs is missing and cannot be installed.
   */
  start(pets: number, tracer?: string[]): Promise<RunningContender>
}

/** A running contender. */
export interface RunningContender extends ServerProcess {
  /** The collection: `…/pets`. */
  url: string
  /** How many events its audit trail contains; undefined if it has none that is easy to count. */
  auditedEvents?(): Promise<number>
}
