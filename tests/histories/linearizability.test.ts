import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findViolation, type Model, type Operation } from './linearizability'
import { type PetOperation, petProblem } from './pet-history'

/** A register of a number: `write` has no result, `read` must see what is there. */
type Call = { kind: 'write' | 'read'; value: number }

const register: Model<number, Call> = {
  initial: 0,
  apply: (state, { kind, value }) => (kind === 'write' ? value : value === state ? state : null),
  keyOf: String,
}

const NEVER = Number.POSITIVE_INFINITY
const write = (value: number, calledAt: number, returnedAt: number) => ({
  call: { kind: 'write' as const, value },
  calledAt,
  returnedAt,
})
const read = (value: number, calledAt: number, returnedAt: number) => ({
  call: { kind: 'read' as const, value },
  calledAt,
  returnedAt,
})

describe('histories that are linearizable', () => {
  test.each<[string, Operation<Call>[]]>([
    ['nothing happens', []],
    ['each request follows the last', [write(1, 0, 1), read(1, 2, 3), write(2, 4, 5), read(2, 6, 7)]],
    ['a read overlaps a write and sees the old value', [write(1, 0, 10), read(0, 5, 6)]],
    ['a read overlaps a write and sees the new value', [write(1, 0, 10), read(1, 5, 6), read(1, 7, 8)]],
    [
      'writes overlap and take effect in any order',
      [write(1, 0, 10), write(2, 1, 9), read(2, 11, 12), read(2, 13, 14)],
    ],
    [
      'a write without a response takes effect late',
      [write(1, 0, NEVER), write(2, 1, 2), read(2, 3, 4), read(1, 5, 6)],
    ],
    ['a write without a response never takes effect', [write(1, 0, NEVER), write(2, 1, 2), read(2, 3, 4)]],
    ['a response comes at the moment of the next call', [write(1, 0, 5), read(0, 5, 6)]],
  ])('When %s, then there is no violation', (_, operations) => {
    expect(findViolation(operations, register)).toBeNull()
  })
})

describe('histories that are not linearizable', () => {
  test.each<[string, Operation<Call>[], Operation<Call>]>([
    ['a read sees the old value after the write returned', [write(1, 0, 1), read(0, 2, 3)], read(0, 2, 3)],
    ['a read sees a value that nobody wrote', [write(1, 0, 10), read(2, 5, 6)], read(2, 5, 6)],
    ['the new value is seen, and then the old', [write(1, 0, 10), read(1, 2, 3), read(0, 4, 5)], read(0, 4, 5)],
    [
      'a write without a response is seen and gone again',
      [write(1, 0, NEVER), read(1, 2, 3), read(0, 4, 5)],
      read(0, 4, 5),
    ],
    [
      'two readers see two writes in different orders',
      [write(1, 0, 10), write(2, 0, 10), read(1, 11, 12), read(2, 13, 14)],
      read(2, 13, 14),
    ],
  ])('When %s, then the response is found', (_, operations, culprit) => {
    expect(findViolation(operations, register)?.operation).toEqual(culprit)
  })
})

/** The definition: an order of all operations with a response, and some of the others, explains every response. */
const isLinearizable = (operations: readonly Operation<Call>[], state = register.initial): boolean => {
  if (operations.every(({ returnedAt }) => returnedAt === NEVER)) return true
  const firstReturn = Math.min(...operations.map(({ returnedAt }) => returnedAt))
  return operations.some((operation, index) => {
    if (operation.calledAt > firstReturn) return false
    const next = register.apply(state, operation.call)
    return next !== null && isLinearizable(operations.toSpliced(index, 1), next)
  })
}

const operation = fc
  .tuple(fc.constantFrom('write' as const, 'read' as const), fc.nat(3), fc.nat(12), fc.nat(6), fc.nat(4))
  .map(([kind, value, calledAt, length, luck]): Operation<Call> => {
    // Of writes, a fifth gets no response. A read without one says nothing.
    const isAnswered = kind === 'read' || luck > 0
    return { call: { kind, value }, calledAt, returnedAt: isAnswered ? calledAt + length : NEVER }
  })

test('When histories are random, then the search agrees with trying every order', () => {
  const seen = { good: 0, bad: 0 }
  fc.assert(
    fc.property(fc.array(operation, { minLength: 1, maxLength: 7 }), (operations) => {
      const isGood = isLinearizable(operations)
      seen[isGood ? 'good' : 'bad'] += 1
      expect(findViolation(operations, register) === null).toBe(isGood)
    }),
    { seed: 14, numRuns: 3_000 },
  )
  expect(Math.min(seen.good, seen.bad)).toBeGreaterThan(300)
})

describe('the history of a pet', () => {
  const fields = { name: 'Rex', ageMonths: 1, status: 'new' }
  const create: PetOperation = { call: { kind: 'create', fields, saw: fields }, calledAt: 0, returnedAt: 1, server: 0 }
  const rename: PetOperation = {
    call: { kind: 'update', fields: { name: 'Max' } },
    calledAt: 2,
    returnedAt: NEVER,
    server: 0,
  }
  const match = (ifMatch: typeof fields): PetOperation => ({
    call: { kind: 'update', fields: { ageMonths: 2 }, ifMatch, saw: { ...ifMatch, ageMonths: 2 } },
    calledAt: 3,
    returnedAt: 4,
    server: 1,
  })

  test('When an update names a version that a change without a response has made, then there is no violation', () => {
    expect(petProblem([create, rename, match({ ...fields, name: 'Max' })])).toBeNull()
  })

  test('When an update is made although the pet has changed since its version, then the response is found', () => {
    const read: PetOperation = { call: { kind: 'read', saw: fields }, calledAt: 5, returnedAt: 6, server: 1 }
    expect(petProblem([create, match({ ...fields, name: 'Max' })])).toContain('"ifMatch"')
    expect(petProblem([create, rename, match(fields), read])).toContain('"read"')
  })
})
