import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { within } from '../src/within'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

const late = () => new Error('too late')

test('When the promise settles in time, then so does the result, and no timer is left', async () => {
  expect(await within(Promise.resolve('here'), 1_000, late)).toBe('here')
  await expect(within(Promise.reject(new Error('broken')), 1_000, late)).rejects.toThrow('broken')
  expect(vi.getTimerCount()).toBe(0)
})

test('When the promise settles too late, then the result is the error for that, and its own rejection is handled', async () => {
  let fail = () => {}
  const slow = new Promise((_, reject) => {
    fail = () => reject(new Error('broken'))
  })
  const outcome = expect(within(slow, 1_000, late)).rejects.toThrow('too late')
  await vi.advanceTimersByTimeAsync(1_000)
  await outcome
  fail()
})
