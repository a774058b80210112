import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import { makeTempDir } from '../../../../../tests/support/temp-dir'
import { DeadLetterFile } from '../../../src/engine/embedded/dead-letter-file'
import type { DeadLetter } from '../../../src/engine/engine'

let path: string

beforeEach(() => {
  path = join(makeTempDir('dead-letters-'), 'data', 'dead-letters.jsonl')
})

const buildLetter = (id: string): DeadLetter => ({
  ...{ id, queue: 'job.Step', reason: 'poisoned', failedAt: 5, attempts: 4 },
  event: { topic: 'job', data: { petId: id }, traceId: 'TRACE-1' },
})

const makeLetters = () => {
  const requeue = vi.fn()
  return { requeue, letters: new DeadLetterFile(path, requeue) }
}

test('When nothing has failed, then the list is empty and there is no file', async () => {
  const { letters } = makeLetters()
  expect(await letters.list()).toEqual([])
  expect(await letters.discard('1')).toBe(false)
  expect(existsSync(path) && readFileSync(path, 'utf8')).toBeFalsy()
})

test('When one with the same id is added again, as after a crash, then it is stored once', async () => {
  const { letters } = makeLetters()
  for (let count = 0; count < 2; count++) await letters.add(buildLetter('1'))
  await Promise.all([letters.add(buildLetter('2')), letters.add(buildLetter('2'))])
  expect(await letters.list()).toEqual([buildLetter('1'), buildLetter('2')])
})

test('When one is retried twice at once, by this server and another, then its message is queued once', async () => {
  const [first, second] = [makeLetters(), makeLetters()]
  await first.letters.add(buildLetter('1'))
  const results = await Promise.all([
    first.letters.retry('1'),
    first.letters.retry('1'),
    second.letters.retry('1'),
    second.letters.discard('1'),
  ])
  expect(results.filter(Boolean)).toHaveLength(1)
  expect(first.requeue.mock.calls.length + second.requeue.mock.calls.length).toBe(1)
})

test('When a message cannot be queued again, then its dead letter stays', async () => {
  const { letters, requeue } = makeLetters()
  await letters.add(buildLetter('1'))
  requeue.mockImplementationOnce(() => {
    throw new Error('no journal')
  })
  await expect(letters.retry('1')).rejects.toThrow('no journal')
  expect(await letters.list()).toHaveLength(1)
  expect(await letters.retry('1')).toBe(true)
})

test('When the last one is removed, then so is the file; when many are removed, then it contains only the rest', async () => {
  const { letters } = makeLetters()
  const ids = Array.from({ length: 130 }, (_, index) => String(index))
  await Promise.all(ids.map((id) => letters.add(buildLetter(id))))
  for (const id of ids.slice(0, 120)) await letters.discard(id)
  expect(readFileSync(path, 'utf8').trim().split('\n').length).toBeLessThan(130)
  expect(await makeLetters().letters.list()).toEqual(ids.slice(120).map(buildLetter))
  for (const id of ids.slice(120)) await letters.discard(id)
  expect(existsSync(path)).toBe(false)
  await letters.add(buildLetter('new'))
  expect(await makeLetters().letters.list()).toEqual([buildLetter('new')])
})

test('When lines are damaged, then the others are listed', async () => {
  const { letters } = makeLetters()
  await letters.add(buildLetter('1'))
  appendFileSync(path, 'no JSON\n{"add":{"id":"2"}}\n')
  await letters.add(buildLetter('3'))
  expect(await makeLetters().letters.list()).toEqual([buildLetter('1'), buildLetter('3')])
})

test('When the file is emptied by hand, then there are none', async () => {
  const { letters } = makeLetters()
  await letters.add(buildLetter('1'))
  writeFileSync(path, '')
  expect(await letters.list()).toEqual([])
})
