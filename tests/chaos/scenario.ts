import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { petSchema } from '../../src/pets/pet'
import type { AuditLine } from '../support/server'
import { waitFor } from '../support/wait-for'
import type { EventProblem, Ledger } from './ledger'
import type { World } from './world'

/** The arguments of every scenario. */
export interface Chaos {
  seed: number
  /** Called with the progress, one line at a time. */
  say: (line: string) => void
}

const storeSchema = z.object({ seq: z.number(), pets: z.record(z.string(), z.record(z.string(), z.unknown())) })

/** The data file, which must parse at every moment; an empty store if there is none yet. It may lag behind by a second. */
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

/** The audit trail of a folder; throws if a line is damaged. What follows the last line break is still being written. */
export const readAudit = (dataDir: string): AuditLine[] => {
  const file = join(dataDir, 'audit.jsonl')
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => lineSchema.parse(JSON.parse(line)))
}

/** Returns the pets of a world by their ids. */
export const petsIn = async ({ store }: World): Promise<Record<string, Record<string, unknown>>> =>
  Object.fromEntries((await store.list()).map((pet) => [pet.id, pet]))

const FIELDS = Object.keys(petSchema.shape)

/** Waits until no pet has a field beside those of the specification, in the file too if there is one. */
export const waitForRest = async (world: World, timeout: number): Promise<void> => {
  const { dataDir } = world.options
  const extras = async () => {
    const pets = [...(await world.store.list()), ...(dataDir ? Object.values(readStore(dataDir).pets) : [])]
    return pets.flatMap((pet) => Object.keys(pet).filter((key) => !FIELDS.includes(key)))
  }
  await waitFor(async () => (await extras()).length === 0, {
    what: 'every pet to have the fields of the specification alone',
    timeout,
    interval: 100,
  })
}

/** Waits until the audit trail has each event of each acknowledged change; throws if it has one too often. */
export const waitForEvents = async (world: World, ledger: Ledger, timeout: number): Promise<void> => {
  let missing: EventProblem[] = []
  await waitFor(
    async () => {
      missing = ledger.eventProblems(await world.audit()).missing
      return missing.length === 0
    },
    {
      what: 'every event in the audit trail',
      timeout,
      interval: 100,
      seen: () => `${missing.length} missing: ${missing.slice(0, 5).map(({ text }) => text)}`,
    },
  )
  await waitForRest(world, timeout)
  assert.deepEqual(ledger.eventProblems(await world.audit()).surplus, [], 'events are in the audit trail too often')
}

/** The files that may be in a data folder when its server has stopped. */
const LEFT = ['pets.json', 'pets.json.lock', 'audit.jsonl', 'queues', 'cron']

/** Throws if a server that has stopped has left anything else behind, or an event in its queues. */
export const checkNothingLeft = (dataDir: string): void => {
  const others = readdirSync(dataDir).filter((name) => !LEFT.includes(name))
  assert.deepEqual(others, [], 'something was left behind in the data folder')
}
