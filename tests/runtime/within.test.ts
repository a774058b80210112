import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { within } from '../../src/runtime/within'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

const late = () => new Error('too late')

test('What comes in time is what the promise comes to, and no timer is left', async () => {
  expect(await within(Promise.resolve('here'), 1_000, late)).toBe('here')
  await expect(within(Promise.reject(new Error('broken')), 1_000, late)).rejects.toThrow('broken')
  expect(vi.getTimerCount()).toBe(0)
})

test('What does not come in time is the error, and what it comes to later is nobody’s business', async () => {
  let fail = () => {}
  const slow = new Promise((_, reject) => {
    fail = () => reject(new Error('broken'))
  })
  const outcome = expect(within(slow, 1_000, late)).rejects.toThrow('too late')
  await vi.advanceTimersByTimeAsync(1_000)
  await outcome
  fail()
})
