import { describe, expect, test } from 'vitest'
import { chaosSeed } from '../chaos/random'
import { failCalls } from './failing-calls'

const seed = chaosSeed()

/** The short form of `npm run chaos failing-calls`. */
describe(`Failing calls (CHAOS_SEED=${seed})`, { timeout: 30_000 }, () => {
  test('When any call fails, then nothing is lost, leaked or acknowledged falsely, and service resumes', async () => {
    const { faults, problems } = await failCalls({ seed, most: 30 })
    expect(problems).toEqual([])
    expect(faults).toBeGreaterThan(5)
  })
})
