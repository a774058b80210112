import type { ContenderKey } from './contenders/contender'
import type { Round } from './round'

/** What became of the creates that a contender acknowledged. */
export interface Writes {
  /** Answered by a 201 in all rounds, and found in the file when each round was over. */
  acknowledged: number
  kept: number
  /** The same for a last burst whose server was killed (kill -9) at the last answer. */
  burst: number
  survived: number
}

/** Counts over a whole run: each contender's writes and start-up times, and every answer that was none. */
export class Tally {
  readonly writes = new Map<ContenderKey, Writes>()
  readonly startups = new Map<ContenderKey, number[]>()
  readonly idleMemory = new Map<ContenderKey, number>()
  failures = 0

  /** Notes the failures of a round and passes it on. */
  note(round: Round): Round {
    this.failures += round.failures
    return round
  }

  /** Notes a start: the time it took, in ms. */
  start(key: ContenderKey, startupMs: number): void {
    this.startups.set(key, [...(this.startups.get(key) ?? []), startupMs])
  }

  /** A contender's counts, to be added to. */
  writesOf(key: ContenderKey): Writes {
    const writes = this.writes.get(key) ?? { acknowledged: 0, kept: 0, burst: 0, survived: 0 }
    this.writes.set(key, writes)
    return writes
  }
}
