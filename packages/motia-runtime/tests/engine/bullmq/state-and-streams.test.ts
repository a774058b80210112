import { beforeAll, expect, test } from 'vitest'
import { startRedis, type TestRedis } from '../../../../../tests/support/redis'
import { newPrefix, openTestEngine } from './test-engine'

let redis: TestRedis

beforeAll(async () => {
  redis = await startRedis()
})

test('When state is set, then every server reads it, by key, by group and by filter', async () => {
  const prefix = newPrefix()
  const [{ state }, other] = [await openTestEngine(redis, { prefix }), await openTestEngine(redis, { prefix })]
  for (const [key, value] of Object.entries({ rex: { age: 3 }, zero: 0, nothing: null }))
    await state.set('a:1', key, value)
  await state.set('a', 'rex', { age: 5 })

  expect(await other.state.get('a:1', 'rex')).toEqual({ age: 3 })
  expect(await other.state.get('a:1', 'zero')).toBe(0)
  expect(await other.state.get('a:1', 'none')).toBeNull()
  expect(await other.state.getGroup('a')).toEqual([{ age: 5 }])
  expect((await other.state.keys('a:1')).toSorted()).toEqual(['nothing', 'rex', 'zero'])
  expect((await other.state.traceIds()).toSorted()).toEqual(['a', 'a:1'])
  const filter = [{ valueKey: 'age', operation: 'isNotNull' as const, value: '' }]
  expect((await other.state.items({ filter })).toSorted((one, two) => one.groupId.localeCompare(two.groupId))).toEqual([
    { groupId: 'a', key: 'rex', type: 'object', value: { age: 5 } },
    { groupId: 'a:1', key: 'rex', type: 'object', value: { age: 3 } },
  ])
  expect(await other.state.items({ groupId: 'a' })).toHaveLength(1)
  const contains = [{ valueKey: 'age', operation: 'contains' as const, value: '3' }]
  expect(await other.state.items({ filter: contains })).toMatchObject([{ groupId: 'a:1', key: 'rex' }])

  expect(await state.delete('a:1', 'rex')).toEqual({ age: 3 })
  await state.clear('a')
  expect(await other.state.traceIds()).toEqual(['a:1'])
  expect(await other.state.get('a:1', 'rex')).toBeNull()
})

test('When stream items are set, then every server reads them, in order of creation', async () => {
  const prefix = newPrefix()
  const [one, two] = [await openTestEngine(redis, { prefix }), await openTestEngine(redis, { prefix })]
  const [chat, sameChat] = [one.streams.createStream<object>('chat'), two.streams.createStream<object>('chat')]
  for (const id of ['z', 'a', 'm']) await chat.set('room', id, { text: id })
  expect(await chat.set('room', 'z', { text: 'changed' })).toEqual({ id: 'z', text: 'changed' })
  expect(await sameChat.getGroup('room')).toEqual([
    { id: 'z', text: 'changed' },
    { id: 'a', text: 'a' },
    { id: 'm', text: 'm' },
  ])
  expect(await sameChat.delete('room', 'a')).toEqual({ id: 'a', text: 'a' })
  expect(await sameChat.delete('room', 'a')).toBeNull()
  expect((await chat.getGroup('room')).map(({ id }) => id)).toEqual(['z', 'm'])
  await chat.clear('room')
  expect(await sameChat.getGroup('room')).toEqual([])
  expect(await sameChat.get('room', 'z')).toBeNull()
})
