import { useEffect, useState } from 'react'
import type { Pet } from '../pets/pet'
import { type AuditLine, LIVE_PATH, type News, newsSchema } from './live'

/** How often the page asks for news, in ms. */
const INTERVAL_MS = 500

/** How many lines of the audit trail the page remembers. */
const AUDIT_LINES = 2_000

/** All the page knows of the store. */
export interface Known {
  pets: Pet[]
  /** There are older pets than those. */
  isPart: boolean
  /** The latest last. */
  audit: AuditLine[]
  /** Why it knows no better: the store is broken, or the server is away. */
  problem: string | null
  /** False until the first answer. */
  isLoaded: boolean
}

const NOTHING: Known = { pets: [], isPart: false, audit: [], problem: null, isLoaded: false }

const learn = (known: Known, { store, audit }: News, isUnchanged: boolean): Known => ({
  pets: store.pets ?? known.pets,
  isPart: store.isPart ?? known.isPart,
  audit: [...(audit.isNew ? [] : known.audit), ...audit.lines].slice(-AUDIT_LINES),
  problem: isUnchanged ? known.problem : (store.error ?? null),
  isLoaded: true,
})

/** The pets and the audit trail as they change, for as long as the component is shown and the page is visible. */
export const useNews = (): Known => {
  const [known, setKnown] = useState(NOTHING)

  useEffect(() => {
    const leaving = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    let stamp = ''
    let end: string | undefined
    const ask = async () => {
      if (document.visibilityState === 'visible') {
        try {
          const query = new URLSearchParams({ stamp, ...(end === undefined ? {} : { end }) })
          const response = await fetch(`${LIVE_PATH}?${query}`, { signal: leaving.signal })
          const news = newsSchema.parse(await response.json())
          const isUnchanged = news.store.stamp === stamp
          stamp = news.store.stamp
          end = news.audit.end
          const isNothingNew = isUnchanged && !news.audit.isNew && news.audit.lines.length === 0
          if (!isNothingNew) setKnown((before) => learn(before, news, isUnchanged))
        } catch {
          if (leaving.signal.aborted) return
          stamp = ''
          setKnown((before) => ({ ...before, problem: 'The server does not answer' }))
        }
      }
      timer = setTimeout(ask, INTERVAL_MS)
    }
    void ask()
    return () => {
      leaving.abort()
      clearTimeout(timer)
    }
  }, [])

  return known
}
