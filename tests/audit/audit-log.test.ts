import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { systemError, watchedCalls } from '../../packages/motia-runtime/tests/files/watched-calls'
import { AuditLog } from '../../src/audit/audit-log'
import { startChild } from '../support/child'
import { makeTempDir } from '../support/temp-dir'
import { waitFor } from '../support/wait-for'

const NOON = Date.UTC(2022, 0, 1, 12)

const WRITER = fileURLToPath(new URL('audit-writer.ts', import.meta.url))

const makeLog = () => {
  const file = join(makeTempDir('audit-'), 'audit.jsonl')
  return { file, log: new AuditLog(file, () => NOON), read: () => readFileSync(file, 'utf8') }
}

const entry = (petId: string, rest: object = {}) => ({
  topic: 'js.pet.created',
  traceId: 'TRACE-1',
  data: { petId, ...rest },
})

const line = (petId: string, rest: object = {}) => `${JSON.stringify({ at: NOON, ...entry(petId, rest) })}\n`

const parse = (text: string): { data: { petId: string } }[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((row) => JSON.parse(row))

describe('the audit trail', () => {
  test('contains one JSON line for each entry, in the order of their arrival', async () => {
    const { log, read } = makeLog()
    await log.append(entry('1'))
    await Promise.all([log.append(entry('2')), log.append(entry('3')), log.append(entry('4'))])
    expect(read()).toBe(line('1') + line('2') + line('3') + line('4'))
  })

  test('makes its folder and its file with the first entry', async () => {
    const file = join(makeTempDir('audit-'), 'new', 'data', 'audit.jsonl')
    const log = new AuditLog(file, () => NOON)
    expect(existsSync(file)).toBe(false)
    await log.append(entry('1'))
    expect(readFileSync(file, 'utf8')).toBe(line('1'))
  })

  test('keeps an entry in one line whatever is in it', async () => {
    const { log, read } = makeLog()
    const name = 'Zoë\n"🐶"\u2028\u0000'
    await log.append(entry('1', { name }))
    expect(read().split('\n')).toHaveLength(2)
    expect(parse(read())[0]?.data).toEqual({ petId: '1', name })
  })

  test('rejects what cannot be written, and goes on once it can', async () => {
    const { file, log, read } = makeLog()
    mkdirSync(file)
    const failed = await Promise.allSettled([log.append(entry('1')), log.append(entry('2'))])
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    renameSync(file, `${file}.folder`)
    await log.append(entry('1'))
    expect(read()).toBe(line('1'))
  })

  test('goes on in a new file when the old one was moved away or removed', async () => {
    const { file, log, read } = makeLog()
    await log.append(entry('1'))
    renameSync(file, `${file}.1`)
    await log.append(entry('2'))
    expect(read()).toBe(line('2'))
  })
})

test('When the file cannot be opened for a moment, then a reader gets an error, not an empty trail', async () => {
  let isFailing = false
  const calls = watchedCalls((name) => {
    if (isFailing && name === 'openSync') throw systemError('EMFILE')
  })
  const log = new AuditLog(join(makeTempDir('audit-'), 'audit.jsonl'), () => NOON, calls)
  expect(await log.readAfter(undefined)).toEqual({ lines: [], end: '0', isNew: false })
  await log.append(entry('1'))
  const { end } = await log.readAfter(undefined)
  isFailing = true
  await expect(log.readAfter(end)).rejects.toThrow('EMFILE')
  isFailing = false
  expect(await log.readAfter(end)).toEqual({ lines: [], end, isNew: false })
})

describe('an event that was delivered before', () => {
  test('is not repeated: neither within a turn, nor later, nor by a new process', async () => {
    const { file, log, read } = makeLog()
    await Promise.all([log.append(entry('1')), log.append(entry('1'))])
    await log.append(entry('1'))
    await new AuditLog(file).append(entry('1'))
    expect(read()).toBe(line('1'))
  })

  test('is recognised by topic and data if it is about a pet, whatever its trace', async () => {
    const { log, read } = makeLog()
    await log.append(entry('1'))
    await log.append({ ...entry('1'), traceId: 'TRACE-2' })
    await log.append({ ...entry('1'), topic: 'ts.pet.created' })
    await log.append(entry('1', { name: 'Rex' }))
    expect(parse(read())).toHaveLength(3)
  })

  test('is recognised by its trace too if it is about no pet, since figures can repeat', async () => {
    const { log, read } = makeLog()
    const night = { topic: 'js.reaper.completed', traceId: 'NIGHT-1', data: { totalScanned: 0 } }
    await log.append(night)
    await log.append(night)
    await log.append({ ...night, traceId: 'NIGHT-2' })
    expect(parse(read())).toHaveLength(2)
  })

  test('by another process in between is recognised', async () => {
    const { file, log, read } = makeLog()
    const other = new AuditLog(file, () => NOON)
    await log.append(entry('1'))
    await other.append(entry('2'))
    await log.append(entry('2'))
    await other.append(entry('1'))
    expect(read()).toBe(line('1') + line('2'))
  })
})

describe('the end of the file', () => {
  test.each([
    ['a line that was cut', '{"at": 5, "topic": "js.pet.cre'],
    ['a single byte', '{'],
    ['a cut character', Buffer.from('{"at": 5, "name": "Zo\u00eb').subarray(0, -1)],
  ])('that a crash left as %s is cut off before the next line', async (_, torn) => {
    const { file, log, read } = makeLog()
    writeFileSync(file, line('1'))
    appendFileSync(file, torn)
    await log.append(entry('2'))
    expect(read()).toBe(line('1') + line('2'))
  })

  test('is cut off even if it is the whole file', async () => {
    const { file, log, read } = makeLog()
    writeFileSync(file, '{"at": 5')
    await log.append(entry('1'))
    expect(read()).toBe(line('1'))
  })

  test('that another process tore between two turns is cut off', async () => {
    const { file, log, read } = makeLog()
    await log.append(entry('1'))
    appendFileSync(file, '{"at": 5')
    await log.append(entry('2'))
    expect(read()).toBe(line('1') + line('2'))
  })

  test('that is a whole line without its line break is kept, and its event not repeated', async () => {
    const { file, log, read } = makeLog()
    writeFileSync(file, line('1') + line('2').trimEnd())
    await log.append(entry('2'))
    await log.append(entry('3'))
    expect(read()).toBe(line('1') + line('2') + line('3'))
  })

  test("that is repaired stays repaired when the turn's event is a repetition", async () => {
    const { file, log, read } = makeLog()
    writeFileSync(file, `${line('1')}{"at"`)
    await log.append(entry('1'))
    expect(read()).toBe(line('1'))
  })

  test('that contains lines of a person is not changed', async () => {
    const { file, log, read } = makeLog()
    const notes = 'checked by Ada\n\n{"at": 7}\n'
    writeFileSync(file, notes)
    await log.append(entry('1'))
    expect(read()).toBe(notes + line('1'))
  })
})

describe('a big file', () => {
  const padding = { padding: 'x'.repeat(2_000) }
  const many = Array.from({ length: 2_000 }, (_, index) => line(`old-${index}`, padding)).join('')

  test('is appended to, its torn end cut, and its last events are known', async () => {
    const { file, log, read } = makeLog()
    writeFileSync(file, `${many}{"at": 5, "tor`)
    await log.append(entry('old-1999', padding))
    await log.append(entry('1'))
    expect(read()).toBe(many + line('1'))
  })

  test('that grew a lot between two turns is appended to, its torn end cut', async () => {
    const { file, log, read } = makeLog()
    await log.append(entry('1'))
    appendFileSync(file, `${many}{"at": 5, "tor`)
    await log.append(entry('2'))
    expect(read()).toBe(line('1') + many + line('2'))
  })

  const huge = { name: 'x'.repeat(1_000_000) }
  // Compare only the ids: a megabyte would not help in the report of a failed test.
  const idsIn = (text: string) => parse(text).map(({ data }) => data.petId)

  test('accepts a line of a megabyte', async () => {
    const { log, read } = makeLog()
    await log.append(entry('1', huge))
    await log.append(entry('2'))
    expect(idsIn(read())).toEqual(['1', '2'])
    expect(read().length).toBe((line('1', huge) + line('2')).length)
  })

  test.each([20, 300_000])(
    'whose torn end is a megabyte but %d bytes is cut back to its last whole line',
    async (missing) => {
      const { file, log, read } = makeLog()
      writeFileSync(file, line('1') + line('2', huge).slice(0, -missing))
      await log.append(entry('3'))
      expect(idsIn(read())).toEqual(['1', '3'])
    },
  )

  test('whose last whole line is a megabyte and lacks its line break keeps it', async () => {
    const { file, log, read } = makeLog()
    writeFileSync(file, (line('1') + line('2', huge)).trimEnd())
    await log.append(entry('3'))
    await log.append(entry('2', huge))
    expect(idsIn(read())).toEqual(['1', '2', '3'])
  })
})

const startWriter = (file: string, name: string, count?: number) =>
  startChild([process.execPath, '--import', 'tsx', WRITER, file, name, ...(count ? [String(count)] : [])], {
    env: process.env,
  })

/** The numbers of the entries that a writer has acknowledged so far. */
const acknowledged = (file: string, name: string): string[] =>
  existsSync(`${file}.${name}`) ? readFileSync(`${file}.${name}`, 'utf8').split('\n').slice(0, -1) : []

describe('lines of several processes', () => {
  test('never interleave, and none is missing or there twice', async () => {
    const { file, read } = makeLog()
    const names = ['a', 'b', 'c']
    const writers = names.map((name) => startWriter(file, name, 200))
    const exits = await Promise.all(writers.map(({ exited }) => exited))
    expect(exits.map(({ code }) => code)).toEqual([0, 0, 0])

    const written = parse(read()).map(({ data }) => data.petId)
    const wanted = names.flatMap((name) => Array.from({ length: 200 }, (_, index) => `${name}-${index}`))
    expect(written.toSorted()).toEqual(wanted.toSorted())
    for (const name of names) {
      const own = written.filter((petId) => petId.startsWith(name))
      expect(own).toEqual(Array.from({ length: 200 }, (_, index) => `${name}-${index}`))
    }
  })

  test('that are killed are whole, each that was acknowledged is there, and the next process goes on', async () => {
    const { file, log, read } = makeLog()
    for (let round = 1; round <= 2; round++) {
      const names = [`a${round}`, `b${round}`]
      const writers = names.map((name) => startWriter(file, name))
      await waitFor(() => names.every((name) => acknowledged(file, name).length >= 20 * round), {
        what: 'both writers to write',
        timeout: 60_000,
      })
      await Promise.all(writers.map((writer) => writer.stop('SIGKILL')))
      await log.append(entry(`after-${round}`))

      const written = new Set(parse(read()).map(({ data }) => data.petId))
      for (const name of names) {
        for (const number of acknowledged(file, name)) expect(written).toContain(`${name}-${number}`)
      }
      expect(written).toContain(`after-${round}`)
      expect(written.size).toBe(parse(read()).length)
    }
  })
})
