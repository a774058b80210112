import type { ServerProcess } from './server-process'

/** How the results name a contender. */
export type ContenderKey = 'in-process' | 'stock' | 'json-server' | 'bare-express'

/** Who takes part. */
export interface Contender {
  key: ContenderKey
  title: string
  /** Answers some ten requests a second: its rounds have few requests. */
  isSlow: boolean
  /** Whether each create is followed by a background job. */
  hasJobs: boolean
  /** Starts it on a free port with a data folder of its own that holds `pets` pets. */
  start(pets: number): Promise<RunningContender>
}

/** A contender that runs. */
export interface RunningContender extends ServerProcess {
  contender: Contender
  /** The collection: `…/pets`. */
  url: string
  /** How many pets its file holds; null where the file does not parse. */
  countPets(): number | null
  /** Notes where it stands; what is answered resolves once all that `created` creates bring about is done and on disk. */
  watch(): (created: number) => Promise<void>
  /** Brings the store back to the pets it began with. Nothing may be under way. */
  reset(): Promise<void>
}
