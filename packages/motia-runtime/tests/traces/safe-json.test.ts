import { expect, test } from 'vitest'
import { safeJson } from '../../src/traces/safe-json'

test('When a value is JSON, then it stays what it is', () => {
  const value = { text: 'ü\n', at: new Date(0), list: [1, null, undefined], none: undefined }
  expect(safeJson(value)).toBe(JSON.stringify(value))
  expect(safeJson(undefined)).toBe('null')
})

test('When JSON cannot express a part of a value, then a text replaces that part, and the rest stays', () => {
  const shared = { name: 'Rex' }
  const cycle: Record<string, unknown> = { count: 10n, at: new Date(0), list: [shared, shared, 1n] }
  cycle.self = cycle
  expect(JSON.parse(safeJson(cycle))).toEqual({
    count: '10n',
    at: '1970-01-01T00:00:00.000Z',
    list: [{ name: 'Rex' }, { name: 'Rex' }, '1n'],
    self: '[circular]',
  })
})

test('When reading a value throws, then its text says so', () => {
  const throwing = {
    get secret(): string {
      throw new Error('locked')
    },
  }
  expect(JSON.parse(safeJson({ id: 1, throwing }))).toEqual({ id: 1, throwing: '[unreadable: locked]' })
  const toJSON = () => {
    throw new Error('no JSON')
  }
  expect(JSON.parse(safeJson([{ toJSON }]))).toEqual(['[unreadable: no JSON]'])
  expect(JSON.parse(safeJson(5n))).toBe('5n')
})
