import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { makeDataDir, startPetStore } from './contenders/pet-store'
import { runLoad } from './load'
import { requestsFor } from './operations'

/** A start after a crash. */
export interface Restart {
  pets: number
  /** The size of the journal after the crash, in KB. */
  journalKb: number
  /** From the start to the first response, in ms. */
  ms: number
}

/** Changes pets under load, kills the server (kill -9) at the last response, and starts it again. */
export const measureRestart = async (pets: number, updates: number): Promise<Restart> => {
  const dataDir = makeDataDir(pets)
  const killed = await startPetStore(dataDir)
  const ids = Array.from({ length: Math.min(pets, updates) }, (_, index) => String(index + 1))
  await runLoad(killed.url, requestsFor('PUT', killed.url, ids, updates), 50)
  await killed.end('SIGKILL')
  const journal = join(dataDir, 'pets.journal')
  const journalKb = existsSync(journal) ? statSync(journal).size / 1_024 : 0
  const server = await startPetStore(dataDir)
  await server.end()
  return { pets, journalKb, ms: server.startupMs }
}
