import { afterAll, beforeAll, describe, type Mock, vi } from 'vitest'
import { deliveryPromises } from './delivery-promises'
import type { MakeWorld } from './engine-world'
import { failurePromises } from './failure-promises'
import { leasePromises } from './lease-promises'
import { processPromises } from './process-promises'

/**
 * What every engine promises, wherever it keeps its queues. `makeWorld` creates separate storage for each test. The
 * tests of a group run at the same time, since most of them wait.
 */
export const enginePromises = (name: string, makeWorld: MakeWorld): void => {
  describe(`The ${name} engine`, () => {
    let warn: Mock
    beforeAll(() => {
      warn = vi.spyOn(console, 'warn').mockReturnValue()
    })
    afterAll(() => warn.mockRestore())

    // These come first because they take longest.
    processPromises(makeWorld)
    deliveryPromises(makeWorld)
    failurePromises(makeWorld, () => warn)
    leasePromises(makeWorld)
  })
}
