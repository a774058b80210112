import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { runInScope } from '../../src/runtime/step-scope'
import { startChild } from '../support/child'

const SCRIPT = fileURLToPath(new URL('step-scope-process.ts', import.meta.url))

/** Runs a case of the script; answers the lines that it printed and the code with which it ended. */
const run = async (name: string) => {
  const child = startChild([process.execPath, '--import', 'tsx', SCRIPT, name], { env: process.env })
  const { code } = await child.exited
  return { code, lines: child.output().trimEnd().split('\n') }
}

describe('a step that', () => {
  test.concurrent.each([
    ['throws in a timer', 'rejected: in a timer'],
    ['throws in an immediate', 'rejected: in an immediate'],
    ['throws in a microtask', 'rejected: in a microtask'],
    ['throws in the next tick', 'rejected: in the next tick'],
    ['forgets a promise that rejects', 'rejected: forgotten'],
    ['forgets a promise that rejects with nothing', 'rejected: undefined'],
    ['throws in a timer of a timer', 'rejected: deep'],
  ])('%s has its own call rejected, and the process goes on', async (name, outcome) => {
    expect(await run(name)).toEqual({ code: 0, lines: [outcome, 'goes on'] })
  })

  test.concurrent('throws after it has ended has its answer kept, and the error is printed with its name', async () => {
    const { code, lines } = await run('throws after it has ended')
    expect(code).toBe(0)
    expect(lines[0]).toBe('resolved: the answer')
    expect(lines[1]).toContain('Step JsCreatePet threw after it had ended: Error: too late')
    expect(lines.at(-1)).toBe('goes on')
  })

  test.concurrent('throws in a timer leaves a step alone that runs at the same time', async () => {
    const { lines } = await run('one of two throws')
    expect(lines).toEqual(['rejected: in a timer', 'resolved: the other answer', 'goes on'])
  })
})

test('an error of anything else goes to the one who asked for those', async () => {
  const { code, lines } = await run('something else throws')
  expect(code).toBe(0)
  expect(lines.toSorted()).toEqual(['foreign: not of a step', 'foreign: not of a step either', 'goes on'])
})

describe('a call', () => {
  test('resolves with what the step answers and rejects with what it throws', async () => {
    const error = new Error('no')
    await expect(runInScope('S', async () => 7)).resolves.toBe(7)
    await expect(runInScope('S', () => Promise.reject(error))).rejects.toBe(error)
    await expect(
      runInScope('S', () => {
        throw error
      }),
    ).rejects.toBe(error)
  })

  describe('with a deadline', () => {
    const late = new Error('late')
    const deadline = { ms: 1_000, error: () => late }
    let settle: { resolve: (value: string) => void; reject: (error: Error) => void }
    const slow = () =>
      new Promise<string>((resolve, reject) => {
        settle = { resolve, reject }
      })

    beforeEach(() => {
      vi.useFakeTimers()
    })

    afterEach(() => {
      vi.useRealTimers()
    })

    test('rejects once that has passed, and not before', async () => {
      const outcomes: unknown[] = []
      void runInScope('S', slow, deadline).catch((error) => outcomes.push(error))
      await vi.advanceTimersByTimeAsync(999)
      expect(outcomes).toEqual([])
      await vi.advanceTimersByTimeAsync(1)
      expect(outcomes).toEqual([late])
    })

    test.each(['resolve', 'reject'] as const)('ignores what comes after it (%s)', async (way) => {
      const call = runInScope('S', slow, deadline).catch((error) => error)
      await vi.advanceTimersByTimeAsync(1_000)
      if (way === 'resolve') settle.resolve('too late')
      else settle.reject(new Error('too late'))
      expect(await call).toBe(late)
    })

    test('that is met leaves no timer behind', async () => {
      await runInScope('S', async () => 7, deadline)
      await runInScope('S', () => Promise.reject(late), deadline).catch(() => {})
      expect(vi.getTimerCount()).toBe(0)
    })
  })
})
