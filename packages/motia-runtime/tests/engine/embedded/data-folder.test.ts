import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, type Mock, onTestFinished, test, vi } from 'vitest'
import { makeTempDir } from '../../../../../tests/support/temp-dir'
import { waitFor } from '../../../../../tests/support/wait-for'
import { createEmbeddedEngine } from '../../../src/engine/embedded/embedded-engine'
import { buildEvent, queueConfig, recorder, stopEngine } from '../engine-world'

let dataDir: string
let warn: Mock

beforeEach(() => {
  dataDir = makeTempDir('data-folder-')
  warn = vi.spyOn(console, 'warn').mockReturnValue()
})

afterEach(() => {
  vi.restoreAllMocks()
})

const open = async (folder = dataDir) => {
  const engine = await createEmbeddedEngine({ dataDir: folder, traceLimit: 0 })
  onTestFinished(() => stopEngine(engine))
  return engine
}

const GARBAGE = Buffer.from('ff00feca0a7b22616464220a', 'hex')

describe('files that can be made again', () => {
  test.each([
    ['a folder of another kind', 'queues', (path: string) => writeFileSync(path, 'x')],
    ['a folder of another kind', 'cron', (path: string) => writeFileSync(path, 'x')],
    ['a folder', 'queues/left.journal', (path: string) => mkdirSync(path)],
    ['a folder', 'cron/Reaper.lease', (path: string) => mkdirSync(path)],
    ['a folder', 'dead-letters.jsonl', (path: string) => mkdirSync(path)],
  ])(
    'When %s has the name of %s, then it is renamed with one warning, and everything works',
    async (_, name, damage) => {
      mkdirSync(dirname(join(dataDir, name)), { recursive: true })
      damage(join(dataDir, name))
      const engine = await open()
      const { received, handler } = recorder()
      await engine.events.subscribe('job', 'Step', handler, queueConfig())
      await engine.start()
      await engine.events.emit(buildEvent())
      await waitFor(() => received.length === 1)
      const run = await engine.leases.begin('Reaper', 1_000)
      expect(run).toMatchObject({ end: expect.any(Function) })
      if (typeof run !== 'string') await run.end()
      expect(await engine.leases.lastTick('Reaper')).toBe(1_000)
      expect(await engine.deadLetters.list()).toEqual([])
      expect(warn.mock.calls).toEqual([[expect.stringContaining(`${join(dataDir, name)} is not a`)]])
      expect(readdirSync(dirname(join(dataDir, name))).join(' ')).toMatch(/\.damaged-\d+/)
    },
  )

  test('When a queue journal is damaged, then its messages are delivered, and a copy is kept with one warning', async () => {
    const add = { add: '1', queue: 'job.Step', addedAt: 1, dueAt: 1, attempts: 0, wasRunning: false }
    const journal = join(dataDir, 'queues', 'left.journal')
    mkdirSync(dirname(journal))
    const line = `${JSON.stringify({ ...add, event: buildEvent() })}\n`
    writeFileSync(journal, Buffer.concat([GARBAGE, Buffer.from(line)]))
    const engine = await open()
    const { received, handler } = recorder()
    await engine.events.subscribe('job', 'Step', handler, queueConfig())
    await engine.start()
    await waitFor(() => received.length === 1)
    expect(existsSync(journal)).toBe(false)
    expect(readFileSync(`${journal}.damaged`, 'utf8')).toContain(line)
    expect(warn.mock.calls).toEqual([[expect.stringContaining(`${journal} is damaged`)]])
  })

  test('When a killed process has left half a line in its journal, then that does not count as damage', async () => {
    mkdirSync(join(dataDir, 'queues'))
    writeFileSync(join(dataDir, 'queues', 'left.journal'), '{"end":"1"}\n{"add":"2","que')
    const engine = await open()
    await engine.start()
    expect(readdirSync(join(dataDir, 'queues'))).toEqual([])
    expect(warn).not.toHaveBeenCalled()
  })

  test('When some dead letters are damaged, then the others are listed, and a copy is kept with one warning', async () => {
    const file = join(dataDir, 'dead-letters.jsonl')
    const letter = { id: '1', queue: 'job.Step', event: buildEvent(), reason: 'poisoned', failedAt: 1, attempts: 4 }
    writeFileSync(file, Buffer.concat([GARBAGE, Buffer.from(`${JSON.stringify({ add: letter })}\n`)]))
    const engine = await open()
    expect(await engine.deadLetters.list()).toEqual([letter])
    expect(readFileSync(`${file}.damaged`)).toEqual(readFileSync(file))
    expect(warn.mock.calls).toEqual([[expect.stringContaining(`${file} is damaged`)]])
  })

  test('When a lease is damaged, then the next run takes it and repairs it', async () => {
    mkdirSync(join(dataDir, 'cron'))
    writeFileSync(join(dataDir, 'cron', 'Reaper.lease'), GARBAGE)
    const { leases } = await open()
    expect(await leases.lastTick('Reaper')).toBeNull()
    const run = await leases.begin('Reaper', 1_000)
    if (typeof run !== 'string') await run.end()
    expect(await leases.begin('Reaper', 1_000)).toBe('done')
  })
})

describe('a data folder in which nothing can be stored', () => {
  test.each([
    ['/proc/x', 'ENOENT'],
    ['/proc/x/y', 'ENOENT'],
    ['/dev/null', 'ENOTDIR'],
    ['/dev/null/x', 'ENOTDIR'],
  ])('When it is %s, then the start fails with one line', async (folder, code) => {
    await expect(open(folder)).rejects.toThrow(
      `The data folder ${folder} cannot be used (${code}): choose a folder that this user can write to`,
    )
  })

  test('When it is a link that leads to itself, then the start fails with one line', async () => {
    const link = join(dataDir, 'link')
    symlinkSync(link, link)
    await expect(open(link)).rejects.toThrow(`The data folder ${link} cannot be used (ELOOP)`)
  })
})
