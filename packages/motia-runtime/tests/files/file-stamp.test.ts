import { describe, expect, test } from 'vitest'
import { isSettled, NO_FILE, sameStamp } from '../../src/files/file-stamp'

// Kernels since 6.13 refine the clock on demand. With them, no edit of a real file can show what is tested here.
const MS = 1_000_000n
const READ_AT = 1_700_000_000_000
const at = (ms: number) => BigInt(ms) * MS
const stampAt = (mtimeNs: bigint, ctimeNs = mtimeNs) => ({ ino: 7n, size: 100n, mtimeNs, ctimeNs })

describe('a stamp read', () => {
  test('in the clock tick of the edit is not settled: another edit could leave the same one', () => {
    expect(isSettled(stampAt(at(READ_AT)), READ_AT)).toBe(false)
    expect(isSettled(stampAt(at(READ_AT - 10)), READ_AT)).toBe(false)
  })

  test('well after the edit is settled', () => {
    expect(isSettled(stampAt(at(READ_AT - 1000)), READ_AT)).toBe(true)
  })

  test('of times yet to come, as after the clock was set back, is settled', () => {
    expect(isSettled(stampAt(at(READ_AT + 3_600_000)), READ_AT)).toBe(true)
  })

  test("of the store's own write is settled at once: its mtime is not that of any edit in place", () => {
    expect(isSettled(stampAt(at(READ_AT) + 123n, at(READ_AT)), READ_AT)).toBe(true)
  })
})

test('stamps differ when the file was replaced, resized or touched, or is gone', () => {
  const stamp = stampAt(at(READ_AT))
  expect(sameStamp(stamp, { ...stamp })).toBe(true)
  for (const field of ['ino', 'size', 'mtimeNs', 'ctimeNs'] as const) {
    expect(sameStamp(stamp, { ...stamp, [field]: stamp[field] + 1n })).toBe(false)
  }
  expect(sameStamp(stamp, NO_FILE)).toBe(false)
})
