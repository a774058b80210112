import { inspect } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDetails } from '../../src/logging/console-lines'

const asNode = (details: object): string => inspect(details, { breakLength: Number.POSITIVE_INFINITY, depth: 4 })

test.each([
  {},
  { petId: '1', name: 'Buddy', ageMonths: 24, isNew: true },
  { name: "Rex's" },
  { name: 'a "quoted" name' },
  { text: 'two\nlines' },
  { text: 'back\\slash' },
  { text: '🐾 ünïcode' },
  { text: 'half of a pair: \ud83d' },
  { text: '' },
  { value: -0, large: 1e21, nan: Number.NaN, big: 1n },
  { nested: { a: [1, 2], b: null } },
  { 'odd-key': 1 },
  JSON.parse('{"__proto__": 1}'),
  { error: undefined, date: new Date(0) },
  { text: 'x'.repeat(20_000) },
  Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`key${index}`, index])),
])('When details %# are printed, then they look as Node shows them', (details) => {
  expect(formatDetails(details)).toBe(asNode(details))
})

test('When any details are printed, then they look as Node shows them', () => {
  const unit = fc.constantFrom('\ud83d', '\ude00', "'", '"', '\\', '\n', '\u007f', 'ä', 'a', ' ')
  const text = fc.oneof(fc.string(), fc.string({ unit }))
  const value = fc.oneof(text, fc.double(), fc.integer(), fc.boolean(), fc.bigInt())
  const key = fc.oneof(fc.string(), fc.stringMatching(/^[a-z_]\w*$/))
  fc.assert(
    fc.property(fc.dictionary(key, value, { noNullPrototype: true }), (details) => {
      expect(formatDetails(details)).toBe(asNode(details))
    }),
  )
})
