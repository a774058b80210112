import { useMemo } from 'react'
import type { AuditLine } from '../audit/audit'
import type { Pet } from '../pets/pet'
import { STREAMS, type StoreStatus } from './live'
import { useNow } from './use-now'
import { useStream } from './use-stream'

/** How long the server may be silent before the page reports it, in ms. */
const SILENCE_MS = 6_000

/** The data of the page, and its state. */
export interface Store {
  pets: Pet[]
  /** Oldest first. */
  audit: AuditLine[]
  /** Whether older pets are missing. */
  isPart: boolean
  /** `problem`: the store is broken, or the server does not respond. */
  state: 'loading' | 'ready' | 'problem'
  problem: string | null
}

/** Returns the live pets and audit trail. */
export const useStore = (): Store => {
  const pets = useStream<Pet>(STREAMS.pets)
  const audit = useStream<AuditLine>(STREAMS.audit)
  const status = useStream<StoreStatus>(STREAMS.status)?.[0]
  const heardAt = useMemo(() => (status ? Date.now() : null), [status])
  const now = useNow()
  const isSilent = heardAt !== null && now - heardAt > SILENCE_MS
  const problem = isSilent ? 'The server does not respond' : (status?.problem ?? null)
  const isLoaded = pets !== null && status !== undefined
  return {
    pets: pets ?? [],
    audit: audit ?? [],
    isPart: status?.isPart ?? false,
    state: problem !== null ? 'problem' : isLoaded ? 'ready' : 'loading',
    problem,
  }
}
