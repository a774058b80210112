import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startChild } from '../../../../tests/support/child'
import { runInScope } from '../../src/steps/step-scope'

const SCRIPT = fileURLToPath(new URL('step-scope-process.ts', import.meta.url))

/** Runs a case of the script; returns the lines that it printed and the code with which it ended. */
const run = async (name: string) => {
  const child = startChild([process.execPath, '--import', 'tsx', SCRIPT, name], { env: process.env })
  const { code } = await child.exited
  return { code, lines: child.output().trimEnd().split('\n') }
}

describe('a step', () => {
  test.concurrent.each([
    ['throws in a timer', 'rejected: in a timer'],
    ['throws in an immediate', 'rejected: in an immediate'],
    ['throws in a microtask', 'rejected: in a microtask'],
    ['throws in the next tick', 'rejected: in the next tick'],
    ['forgets a promise that rejects', 'rejected: forgotten'],
    ['forgets a promise that rejects with nothing', 'rejected: undefined'],
    ['throws in a timer of a timer', 'rejected: deep'],
  ])('When it %s, then its own call rejects, and the process goes on', async (name, outcome) => {
    expect(await run(name)).toEqual({ code: 0, lines: [outcome, 'goes on'] })
  })

  test.concurrent('When it throws after it has ended, then its result stays, and the error is printed with its name', async () => {
    const { code, lines } = await run('throws after it has ended')
    expect(code).toBe(0)
    // The error goes to standard error, and may arrive before or after the rest.
    expect(lines).toContainEqual(expect.stringContaining('Step JsCreatePet threw after it had ended: Error: too late'))
    expect(lines.filter((line) => line === 'resolved: the answer' || line === 'goes on')).toHaveLength(2)
  })

  test.concurrent('When it throws in a timer, then a step that runs at the same time goes on', async () => {
    const { lines } = await run('one of two throws')
    expect(lines).toEqual(['rejected: in a timer', 'resolved: the other answer', 'goes on'])
  })
})

test('When anything else throws, then the error goes to the listener for those', async () => {
  const { code, lines } = await run('something else throws')
  expect(code).toBe(0)
  expect(lines.toSorted()).toEqual(['foreign: not of a step', 'foreign: not of a step either', 'goes on'])
})

describe('a call', () => {
  test('When the step returns or throws, then so does the call', async () => {
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

    test('When that has passed, then the call rejects, but not before', async () => {
      const outcomes: unknown[] = []
      void runInScope('S', slow, deadline).catch((error) => outcomes.push(error))
      await vi.advanceTimersByTimeAsync(999)
      expect(outcomes).toEqual([])
      await vi.advanceTimersByTimeAsync(1)
      expect(outcomes).toEqual([late])
    })

    test.each(['resolve', 'reject'] as const)('When the step ends after it (%s), then that is ignored', async (way) => {
      const call = runInScope('S', slow, deadline).catch((error) => error)
      await vi.advanceTimersByTimeAsync(1_000)
      if (way === 'resolve') settle.resolve('too late')
      else settle.reject(new Error('too late'))
      expect(await call).toBe(late)
    })

    test('When it is met, then no timer is left behind', async () => {
      await runInScope('S', async () => 7, deadline)
      await runInScope('S', () => Promise.reject(late), deadline).catch(() => {})
      expect(vi.getTimerCount()).toBe(0)
    })
  })
})

test('When a deadline is longer than a timer of Node can be, then the step has all that time', async () => {
  const run = () => new Promise((resolve) => setTimeout(resolve, 20, 'done'))
  const deadline = { ms: Number.POSITIVE_INFINITY, error: () => new Error('too late') }
  await expect(runInScope('JsCreatePet', run, deadline)).resolves.toBe('done')
})
