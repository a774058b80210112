import { expect, test } from 'vitest'
import { isTemporary, temporaryWait } from '../../src/engine/delivery'

test('When an error has a property `isTemporary` that is true, then it is temporary; anything else is not', () => {
  expect(isTemporary(Object.assign(new Error('away'), { isTemporary: true }))).toBe(true)
  expect(isTemporary(Object.assign(new Error('away'), { isTemporary: false }))).toBe(false)
  expect(isTemporary(new Error('away'))).toBe(false)
  expect(isTemporary({ isTemporary: true })).toBe(false)
})

test.each([
  [0, 2_000],
  [45_000, 11_250],
  [86_400_000, 30_000],
  [-60_000, 2_000],
])('When a message is %d ms old, then it waits %d ms', (age, wait) => {
  expect(temporaryWait(1_000_000, 1_000_000 + age)).toBe(wait)
})
