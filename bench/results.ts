import { cpus, loadavg, totalmem } from 'node:os'
import type { Comparison } from './comparison'
import type { ContenderKey } from './contenders/contender'
import type { Restart } from './restart'
import type { Syncs } from './syncs'

/** Where and when a run was made. */
export interface Machine {
  date: string
  node: string
  cores: number
  processor: string
  memoryGb: number
  /** The load average of the minute before the run. */
  loadBefore: number
}

/** Everything that a run measured. */
export interface Results {
  machine: Machine
  titles: Partial<Record<ContenderKey, string>>
  /** All contenders side by side, and Motia's stock runner by itself. */
  comparison: Comparison
  stock: Comparison
  /** The pet store with increasing numbers of pets. */
  growth: Comparison
  restart: Restart | null
  /** Why they were not counted, if they were not. */
  syncs: Syncs[] | string
  /** Responses other than 2xx, errors and timeouts, in the whole run. */
  failures: number
}

/** This machine, now. */
export const describeMachine = (): Machine => ({
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  cores: cpus().length,
  processor: cpus()[0]?.model ?? 'unknown',
  memoryGb: totalmem() / 1024 ** 3,
  loadBefore: loadavg()[0] ?? 0,
})
