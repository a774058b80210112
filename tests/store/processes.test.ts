import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createFileStore } from '../../src/store/file/file-store'
import { waitFor } from '../support/wait-for'
import { petOf } from './build-pet'
import { makeDataDir, upToDate } from './data-dir'

// Each starts processes, which takes a second or more on a busy machine.
vi.setConfig({ testTimeout: 30_000 })

const SCRIPT = fileURLToPath(new URL('writer-process.ts', import.meta.url))

function startWriter(dataDir: string, ...args: (string | number)[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, dataDir, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk
  })
  const exit = once(child, 'close')
  const kill = async () => {
    child.kill('SIGKILL')
    await exit
  }
  onTestFinished(kill)
  // A last line without its line break was cut by the kill.
  const lines = () => output.split('\n').slice(0, -1)
  return { lines, exit, kill }
}

const until = (condition: () => boolean) => waitFor(condition, { what: 'the processes', timeout: 20_000, interval: 5 })

test('of processes that write at the same time none loses a change or an id, and no reader sees half a file', async () => {
  const dir = makeDataDir()
  const store = createFileStore({ dataDir: dir.path })
  const writers = Array.from({ length: 4 }, () => startWriter(dir.path, 'create', 400))
  let running = true
  const exits = Promise.all(writers.map(({ exit }) => exit)).finally(() => {
    running = false
  })
  const own: string[] = []
  let seen = 0
  while (running) {
    const count = existsSync(dir.file) ? Object.keys(dir.json().pets).length : 0
    const { length } = await store.list()
    expect(length).toBeGreaterThanOrEqual(Math.max(count, seen))
    seen = length
    if (seen > 0 && own.length < 50) own.push((await store.create(petOf())).id)
    await sleep(2)
  }
  for (const [code] of await exits) expect(code).toBe(0)

  const ids = [...writers.flatMap(({ lines }) => lines()), ...own].map(Number).sort((a, b) => a - b)
  expect(ids).toEqual(Array.from({ length: 1_600 + own.length }, (_, index) => index + 1))
  expect((await store.list()).map(({ id }) => Number(id))).toEqual(ids)
  await store.close()
  expect(dir.json().seq).toBe(ids.length + 1)
  expect(Object.keys(dir.json().pets)).toHaveLength(ids.length)
})

test('when writing processes are killed, every acknowledged change is there, the file is whole and the lock is free', async () => {
  const dir = makeDataDir()
  const store = createFileStore({ dataDir: dir.path })
  // Large, so that a kill often interrupts a write.
  await Promise.all(Array.from({ length: 1000 }, () => store.create(petOf({ ageMonths: 0 }))))
  for (let round = 1; round <= 3; round++) {
    const before = [await store.get('1'), await store.get('500')].map((pet) => pet?.ageMonths ?? 0)
    const writers = [startWriter(dir.path, 'count', 1), startWriter(dir.path, 'count', 500)]
    await until(() => writers.every(({ lines }) => lines().length >= 50 * round))
    await Promise.all(writers.map(({ kill }) => kill()))

    // A server that starts now, and one that has been running all the time.
    for (const reader of [createFileStore({ dataDir: dir.path }), store]) {
      for (const [index, id] of ['1', '500'].entries()) {
        const acknowledged = Number(writers[index]?.lines().at(-1))
        expect(acknowledged).toBeGreaterThan(before[index] ?? 0)
        // The one change under way when the process died may have been made or not.
        expect([acknowledged, acknowledged + 1]).toContain((await reader.get(id))?.ageMonths)
      }
    }
    await store.create(petOf())
  }
  await upToDate(dir, store)
  expect(Object.keys(dir.json().pets)).toHaveLength(1003)
  expect(existsSync(`${dir.file}.tmp`)).toBe(false)
})

test.each([
  ['before it swaps the files', 'swapSync'],
  ['before it begins the journal again', 'renameSync'],
  ['before it syncs the new file', 'futimesSync'],
])('when a server dies in the middle of a background write (%s), the other one finishes it', async (_, call) => {
  const dir = makeDataDir()
  const store = createFileStore({ dataDir: dir.path })
  await store.create(petOf())
  await upToDate(dir, store)
  const dying = startWriter(dir.path, 'die', call)
  await dying.exit
  expect(dying.lines()).toEqual(['2', '3'])
  expect(existsSync(`${dir.file}.tmp`)).toBe(true)

  expect((await store.list()).map(({ id }) => id)).toEqual(['1', '2', '3'])
  expect((await store.create(petOf())).id).toBe('4')
  await upToDate(dir, store)
  expect(existsSync(`${dir.file}.tmp`)).toBe(false)
})

test('when a server that is never asked anything outlives another, it still updates the file', async () => {
  const dir = makeDataDir()
  const idle = createFileStore({ dataDir: dir.path })
  await idle.start?.()
  const dying = startWriter(dir.path, 'die', 'linkSync')
  await dying.exit
  await waitFor(() => Object.keys(dir.json().pets).length === 2, { what: 'the data file', timeout: 10_000 })
  await idle.close()
})

test('when a process dies in the middle of its turn, the next one gets the lock', async () => {
  const dir = makeDataDir()
  const holder = startWriter(dir.path, 'hold')
  await until(() => holder.lines().includes('holding'))
  const store = createFileStore({ dataDir: dir.path })
  let created = false
  const waiting = store.create(petOf()).then((pet) => {
    created = true
    return pet
  })
  expect(await store.list()).toEqual([])
  expect(created).toBe(false)
  await holder.kill()
  expect((await waiting).id).toBe('1')
})

test('the temporary file of a killed process is ignored, and removed by the next start', async () => {
  const dir = makeDataDir()
  const store = createFileStore({ dataDir: dir.path })
  await store.create(petOf())
  await store.close()
  writeFileSync(`${dir.file}.tmp`, dir.read().repeat(50).slice(0, -100))
  const next = createFileStore({ dataDir: dir.path })
  expect(await next.list()).toHaveLength(1)
  await next.start?.()
  await waitFor(() => !existsSync(`${dir.file}.tmp`), { what: 'the temp file to go' })
  await next.close()
  expect(Object.keys(dir.json().pets)).toEqual(['1'])
})

test('many stores in one process, as hot reload makes them, take turns', async () => {
  const dir = makeDataDir()
  const stores = Array.from({ length: 20 }, () => createFileStore({ dataDir: dir.path }))
  await Promise.all(stores.flatMap((store) => Array.from({ length: 5 }, () => store.create(petOf()))))
  for (const store of stores) expect(await store.list()).toHaveLength(100)
  await Promise.all(stores.map((store) => store.close()))
  expect(Object.keys(dir.json().pets)).toHaveLength(100)
})
