import { cpus, loadavg, totalmem } from 'node:os'
import type { Comparison } from './comparison'
import type { ContenderKey } from './contenders/contender'
import type { Endurance } from './endurance'
import type { Growth } from './growth'
import type { Writes } from './tally'

/** Where and when a run was made. */
export interface Machine {
  date: string
  node: string
  cores: number
  processor: string
  memoryGb: number
  /** Processes that wanted to run in the minute before the run began. */
  loadBefore: number
}

/** The jobs of a burst of creates: how long after the last 201 they were done, in ms. */
export interface Jobs {
  contender: ContenderKey
  creates: number
  ms: number
}

/** How long starts took, in ms, and the memory of the idle server, in MB. */
export interface Start {
  contender: ContenderKey
  startupMs: number[]
  idleMemory: number
}

/** All that a run has measured. */
export interface Results {
  machine: Machine
  /** By the name in the results. */
  titles: Partial<Record<ContenderKey, string>>
  comparison: Comparison[]
  writes: (Writes & { contender: ContenderKey })[]
  jobs: Jobs[]
  growth: Growth[]
  starts: Start[]
  endurance: Endurance[]
  /** Answers other than 2xx, errors and timeouts, in all of it. */
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
