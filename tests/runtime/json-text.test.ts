import { expect, test, vi } from 'vitest'
import { jsonParts, jsonText, keepJsonParts, keepJsonText } from '../../src/runtime/json-text'

test('a value without a text of its own is turned into JSON as ever', () => {
  expect(jsonText({ a: [1, null] })).toBe('{"a":[1,null]}')
  expect(jsonText('Rex')).toBe('"Rex"')
  expect(jsonText(null)).toBe('null')
  expect(jsonText(undefined)).toBeUndefined()
})

test('a value that keeps its text is turned into JSON once, when that is first needed', () => {
  const makeText = vi.fn(JSON.stringify)
  const value = keepJsonText({ name: 'Rex' }, makeText)
  expect(makeText).not.toHaveBeenCalled()
  expect([jsonText(value), jsonText(value)]).toEqual(['{"name":"Rex"}', '{"name":"Rex"}'])
  expect(makeText).toHaveBeenCalledOnce()
})

test('the kept text shows nowhere else: not in the keys, not in JSON, not in a copy', () => {
  const value = keepJsonText({ name: 'Rex' })
  expect(value).toEqual({ name: 'Rex' })
  expect(JSON.stringify({ pet: value })).toBe('{"pet":{"name":"Rex"}}')
  expect(jsonText({ ...value, name: 'Max' })).toBe('{"name":"Max"}')
})

test('a body that only looks as if it kept a text does not get in with it', () => {
  const body = JSON.parse('{"Symbol(motia-pet-store.json-text)": "x", "name": "Rex"}')
  expect(JSON.parse(jsonText(body) ?? '')).toEqual(body)
})

test('a value may keep its text in parts, which show nowhere else either', () => {
  const value = keepJsonParts([1, 2], ['[1', ',2', ']'])
  expect(jsonParts(value)).toEqual(['[1', ',2', ']'])
  expect(jsonText(value)).toBe('[1,2]')
  expect(value).toEqual([1, 2])
  for (const other of [[1, 2], keepJsonText([1, 2]), null, 'text', undefined]) expect(jsonParts(other)).toBeUndefined()
})
