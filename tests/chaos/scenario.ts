import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { FEEDING_INTERVAL_MS, NAMESPACES, WELCOME_NOTES } from '../../src/pets/pet'
import { copyProject, type ProjectCopy } from '../support/project-copy'
import type { AuditLine } from '../support/server'
import { waitFor } from '../support/wait-for'

/** What every scenario is told. */
export interface Chaos {
  seed: number
  /** Told how it goes on, one line at a time. */
  say: (line: string) => void
}

const storeSchema = z.object({ seq: z.number(), pets: z.record(z.string(), z.record(z.string(), z.unknown())) })

/** The data file, which must parse at every moment; an empty store where there is none yet. */
export const readStore = (dataDir: string): z.infer<typeof storeSchema> => {
  const file = join(dataDir, 'pets.json')
  return existsSync(file) ? storeSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : { seq: 1, pets: {} }
}

const lineSchema = z.strictObject({
  at: z.number(),
  topic: z.string(),
  traceId: z.string(),
  data: z.record(z.string(), z.unknown()),
})

/** The audit trail; throws where a line is not whole. */
export const readAudit = (dataDir: string): AuditLine[] => {
  const file = join(dataDir, 'audit.jsonl')
  if (!existsSync(file)) return []
  const text = readFileSync(file, 'utf8')
  assert(text === '' || text.endsWith('\n'), 'the last line of the audit trail has no end')
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => lineSchema.parse(JSON.parse(line)))
}

/** The files that belong in a data folder. */
const DOCUMENTED = new Set(['pets.json', 'pets.json.lock', 'audit.jsonl', 'redis'])

/** Throws where anything but the documented files is in a data folder. */
export const checkNothingLeft = (dataDir: string): void => {
  const others = readdirSync(dataDir).filter((name) => !DOCUMENTED.has(name))
  assert.deepEqual(others, [], 'something was left behind in the data folder')
}

/** Waits until every pet has had its job: notes, a feeding time and nothing owed. */
export const waitForJobs = async (dataDir: string, timeout: number): Promise<void> => {
  const unfinished = () =>
    Object.values(readStore(dataDir).pets).filter(
      ({ notes, nextFeedingAt, createdAt, owedJob }) =>
        notes !== WELCOME_NOTES ||
        owedJob !== undefined ||
        typeof nextFeedingAt !== 'number' ||
        nextFeedingAt < Number(createdAt) + FEEDING_INTERVAL_MS,
    )
  await waitFor(() => unfinished().length === 0, {
    what: 'every pet to get its job done',
    timeout,
    interval: 100,
    seen: () => unfinished().slice(0, 3),
  })
}

/** The pets' ids in the audit trail's events whose topic ends so, with how often each is there. */
export const auditedPets = (dataDir: string, topicEnd: string): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const { topic, data } of readAudit(dataDir)) {
    if (!topic.endsWith(topicEnd)) continue
    const id = String(data.petId)
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return counts
}

const FOLDERS = { js: 'javascript', ts: 'typescript', py: 'python' } as const

/**
 * A copy of the project whose reapers run every second, and in which everything that waits for a process that may be dead
 * waits some seconds instead of half a minute.
 */
export const copyImpatientProject = (): ProjectCopy => {
  const copy = copyProject()
  for (const namespace of NAMESPACES) {
    const folder = `steps/${FOLDERS[namespace]}`
    copy.edit(`${folder}/deletion-reaper.cron.step.ts`, "cron: '0 2 * * *'", "cron: '* * * * * *'")
    for (const step of ['audit-trail', 'postcreate-lite']) {
      copy.edit(`${folder}/${step}.job.step.ts`, /timeout: \d+/, 'timeout: 4')
      copy.edit(`${folder}/${step}.job.step.ts`, /visibilityTimeout: \d+/, 'visibilityTimeout: 5')
    }
  }
  copy.edit('src/runtime/cron-runs.ts', /TICK_LOCK_MS = [\d_]+/, 'TICK_LOCK_MS = 500')
  copy.edit('src/server/clock-watch.ts', /WATCH_INTERVAL_MS = [\d_]+/, 'WATCH_INTERVAL_MS = 200')
  copy.edit('src/pets/pet.ts', /PURGE_CLAIM_MS = [\d_]+/, 'PURGE_CLAIM_MS = 2_000')
  return copy
}
