import { useMemo } from 'react'
import { type AuditLine, type PetItem, STREAMS, type StoreStatus } from './live'
import { useNow } from './use-now'
import { useStream } from './use-stream'

/** If the page has not heard from the server for so long, in ms, it says so. */
const SILENCE_MS = 6_000

/** What the page shows instead of an up-to-date table, and what the table holds. */
export interface Store {
  pets: PetItem[]
  /** The latest last. */
  audit: AuditLine[]
  /** Whether there are older pets than those. */
  isPart: boolean
  /** `problem`: the store is broken, or the server does not respond. */
  state: 'loading' | 'ready' | 'problem'
  problem: string | null
}

/** Returns the pets and the audit trail as they change. */
export const useStore = (): Store => {
  const pets = useStream<PetItem>(STREAMS.pets)
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
