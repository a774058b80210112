import { describe, expect, test } from 'vitest'
import { chaosSeed } from '../chaos/random'
import { MUTANTS, SYNC_AGAIN } from './mutants'
import { cutPower } from './power-cuts'

const seed = chaosSeed()

/** The short form of `npm run chaos power-cuts`. */
describe(`Power cuts (CHAOS_SEED=${seed})`, { timeout: 30_000 }, () => {
  test('When the power fails at any moment, then what was acknowledged is there, once', async () => {
    const { recovered, broken } = await cutPower({ seed, clients: 5, starts: 2, most: 150 })
    expect(broken).toEqual([])
    expect(recovered).toBe(150)
  })

  test('When the power fails after syncs that failed, then nothing relies on a later sync', async () => {
    const { broken } = await cutPower({ seed, clients: 10, starts: 1, most: 150, failures: 0.1 })
    expect(broken).toEqual([])
  })

  test('When a program trusts a sync that it retried, then a power cut reveals it', async () => {
    const again = { mutate: SYNC_AGAIN, failures: 0.3 }
    const { broken } = await cutPower({ seed, clients: 10, starts: 1, most: 1_000, enough: 1, ...again })
    expect(broken).not.toEqual([])
  })

  // What `cutPower` would say of a server that has one of these faults: it can fail.
  test.each(MUTANTS)('When %s, then a power cut reveals it', async (_, mutate) => {
    const { broken } = await cutPower({ seed, clients: 4, starts: 1, most: 1_000, enough: 1, mutate })
    expect(broken).not.toEqual([])
  })
})
