import { appendFileSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, type Mock, test, vi } from 'vitest'
import { makeTempDir } from '../../../../../tests/support/temp-dir'
import { eventOf, type Message } from '../../../src/engine/embedded/message'
import { OtherJournals } from '../../../src/engine/embedded/other-journals'
import { QueueJournal } from '../../../src/engine/embedded/queue-journal'
import { buildMessage } from './build-message'

let folder: string
let warn: Mock
let info: Mock

beforeEach(() => {
  folder = join(makeTempDir('queue-journal-'), 'queues')
  warn = vi.spyOn(console, 'warn').mockReturnValue()
  info = vi.spyOn(console, 'info').mockReturnValue()
})

afterEach(() => vi.restoreAllMocks())

/** Returns a journal with these messages, which are written. */
const journalOf = (...messages: Message[]): QueueJournal => {
  const journal = new QueueJournal(folder)
  for (const message of messages) journal.add(message)
  journal.flush()
  return journal
}

/** Returns the messages that another process in the folder takes over. */
const adopt = (own = new QueueJournal(folder)): Message[] => {
  const adopted: Message[] = []
  new OtherJournals(folder, own).adopt((messages) => {
    adopted.push(...messages)
    for (const message of messages) own.add(message)
    own.flush()
  })
  return adopted
}

const dataOf = (messages: Message[]) => messages.map((message) => eventOf(message).data)

test('When a journal is closed with messages in it, then another process gets them as they were, once', () => {
  const first = buildMessage('first', { eventId: 'event-1', addedAt: 5 })
  const journal = journalOf(first, buildMessage({ b: ['ü\n'] }), buildMessage('done'))
  const done = buildMessage('added and done')
  journal.add(done)
  journal.end(done)
  journal.close()
  const adopted = adopt()
  expect(dataOf(adopted)).toEqual(['first', { b: ['ü\n'] }, 'done'])
  expect(adopted[0]).toEqual({ ...first, dueAt: expect.any(Number) })
  expect(adopt()).toEqual([])
})

test('When the process of a journal is alive, then nobody takes its messages', () => {
  const journal = journalOf(buildMessage())
  expect(adopt()).toEqual([])
  journal.close()
  expect(adopt()).toHaveLength(1)
})

test('When messages were started, then their attempts count, and those that ran at the end are suspects', () => {
  const [running, failed, waiting] = [buildMessage('running'), buildMessage('failed'), buildMessage('waiting')]
  const journal = journalOf(running, failed, waiting)
  for (const message of [running, failed]) journal.note('start', message)
  journal.note('fail', failed)
  journal.note('start', failed)
  journal.note('fail', failed)
  journal.close()
  const adopted = adopt().map(({ attempts, isSuspect, state }) => [attempts, isSuspect, state])
  expect(adopted).toEqual([
    [1, true, 'waiting'],
    [2, false, 'delayed'],
    [0, false, 'waiting'],
  ])
})

test('When a journal was rewritten, then attempts and delays are as before', () => {
  const [active, later] = [buildMessage('active', { state: 'active', attempts: 2 }), buildMessage('later')]
  later.dueAt = performance.now() + 60_000
  const held = buildMessage('held', { dueAt: Number.POSITIVE_INFINITY, isSuspect: true })
  journalOf(active, later, held).close()
  const adopted = adopt()
  expect(adopted.map(({ attempts, isSuspect }) => [attempts, isSuspect])).toEqual([
    [2, true],
    [0, false],
    [0, true],
  ])
  expect((adopted[1]?.dueAt ?? 0) - performance.now()).toBeGreaterThan(59_000)
})

test('When a journal ends in half a line or contains damaged ones, then all others are read', () => {
  const journal = journalOf(buildMessage('first'))
  if (!journal.path) throw new Error('There is no file')
  appendFileSync(journal.path, '\0\0\0\n{"add":5}\n')
  journal.add(buildMessage('second'))
  journal.flush()
  appendFileSync(journal.path, '{"add":"half')
  journal.close()
  expect(dataOf(adopt())).toEqual(['first', 'second'])
})

test('When all messages are finished, then a closed journal leaves no file', () => {
  const message = buildMessage()
  const journal = journalOf(message)
  expect(readdirSync(folder)).toHaveLength(1)
  journal.end(message)
  journal.close()
  expect(readdirSync(folder)).toEqual([])
})

test('When many messages have been finished, then the file stays small, and contains the rest', () => {
  const left = buildMessage('left')
  const journal = journalOf(left)
  const sizes: number[] = []
  for (let turn = 0; turn < 500; turn++) {
    const messages = Array.from({ length: 20 }, (_, index) => buildMessage({ index, text: 'x'.repeat(200) }))
    for (const message of messages) journal.add(message)
    journal.flush()
    for (const message of messages) journal.end(message)
    journal.flush()
    sizes.push(statSync(journal.path ?? '').size)
  }
  expect(Math.max(...sizes)).toBeGreaterThan(900_000)
  expect(Math.max(...sizes)).toBeLessThan(1_100_000)
  expect(readdirSync(folder)).toHaveLength(1)
  journal.close()
  expect(dataOf(adopt())).toEqual(['left'])
})

test('When the journal cannot be written, then there is one warning, and it is written again once it can be', async () => {
  writeFileSync(folder, 'a file is in its place')
  const journal = journalOf(buildMessage('first'))
  journal.add(buildMessage('second'))
  const written = journal.written()
  journal.flush()
  await written
  expect(journal.isSafe).toBe(false)
  journal.recover()
  expect(warn).toHaveBeenCalledTimes(1)
  expect(warn.mock.calls[0]?.[0]).toContain('only in memory')

  rmSync(folder)
  journal.recover()
  expect(journal.isSafe).toBe(true)
  expect(info).toHaveBeenCalledTimes(1)
  journal.close()
  expect(dataOf(adopt())).toEqual(['first', 'second'])
})

test('When it can never be written, then the stop says how many events are lost', () => {
  writeFileSync(folder, 'a file is in its place')
  journalOf(buildMessage(), buildMessage()).close()
  expect(warn.mock.calls.at(-1)?.[0]).toMatch(/lost.*: 2$/)
})

test('When adopted messages cannot be written, then the journal of the dead process stays until they can be', () => {
  journalOf(buildMessage('left')).close()
  const [file] = readdirSync(folder)
  const ownFolder = join(makeTempDir('queue-journal-'), 'queues')
  writeFileSync(ownFolder, 'a file is in its place')
  const own = new QueueJournal(ownFolder)
  const others = new OtherJournals(folder, own)
  const take = vi.fn((messages: Message[]) => {
    for (const message of messages) own.add(message)
    own.flush()
  })
  others.adopt(take)
  others.adopt(take)
  expect(take).toHaveBeenCalledTimes(1)
  expect(readdirSync(folder)).toEqual([file])
  // Nobody else takes them either.
  expect(adopt()).toEqual([])

  rmSync(ownFolder)
  own.recover()
  others.adopt(take)
  expect(take).toHaveBeenCalledTimes(1)
  expect(readdirSync(folder)).toEqual([])
})

test('When a journal cannot be read, then there is one warning, and the others are taken over', () => {
  mkdirSync(join(folder, '0.journal'), { recursive: true })
  journalOf(buildMessage('left')).close()
  const own = new QueueJournal(folder)
  const others = new OtherJournals(folder, own)
  const taken: Message[] = []
  for (let look = 0; look < 3; look++) others.adopt((messages) => taken.push(...messages))
  expect(dataOf(taken)).toEqual(['left'])
  expect(warn).toHaveBeenCalledTimes(1)
})
