import { expect, test } from 'vitest'
import { etagOf, matchesEtag, matchesWeakly } from '../../src/http/etag'

test('When two texts differ, then so do their tags, which are strong', () => {
  const tags = ['{}', '{"a":1}', '{"a":"ü"}'].map(etagOf)
  expect(new Set(tags).size).toBe(3)
  for (const tag of tags) expect(tag).toMatch(/^"[\w-]{27}"$/)
  expect(etagOf(Buffer.from('{"a":"ü"}'))).toBe(tags[2])
})

test.each([
  ['"a"', true],
  ['"x", "a"', true],
  ['"x","a" , "y"', true],
  ['"x,y", "a"', true],
  ['*', true],
  [' * ', true],
  ['"b"', false],
  ['"A"', false],
  ['"xa"', false],
  ['W/"a"', false],
  ['a', false],
  ['"*"', false],
  ['"a', false],
  ['', false],
])('When If-Match is %j, then whether it names the tag "a" is %s', (header, isMatch) => {
  expect(matchesEtag(header, '"a"')).toBe(isMatch)
})

test.each([
  ['W/"a"', true],
  ['"x", W/"a"', true],
  ['"a"', true],
  ['*', true],
  ['W/"b"', false],
  ['', false],
])('When If-None-Match is %j, then whether it names the tag "a" is %s', (header, isMatch) => {
  expect(matchesWeakly(header, '"a"')).toBe(isMatch)
})
