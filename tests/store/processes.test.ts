import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { createFileStore } from '../../src/store/file/file-store'
import { petOf } from './build-pet'
import { makeDataDir } from './data-dir'

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

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate()
}

test('of processes that write at the same time none loses a change or an id, and no reader sees half a file', async () => {
  const dir = makeDataDir()
  const store = createFileStore({ dataDir: dir.path })
  const writers = Array.from({ length: 4 }, () => startWriter(dir.path, 'create', 100))
  let running = true
  const exits = Promise.all(writers.map(({ exit }) => exit)).finally(() => {
    running = false
  })
  const own: string[] = []
  let seen = 0
  while (running) {
    if (existsSync(dir.file)) {
      const { pets } = JSON.parse(readFileSync(dir.file, 'utf8'))
      const count = Object.keys(pets).length
      expect(count).toBeGreaterThanOrEqual(seen)
      expect((await store.list()).length).toBeGreaterThanOrEqual(count)
      seen = count
      if (own.length < 50) own.push((await store.create(petOf())).id)
    }
    await setImmediate()
  }
  for (const [code] of await exits) expect(code).toBe(0)

  const ids = [...writers.flatMap(({ lines }) => lines()), ...own].map(Number).sort((a, b) => a - b)
  expect(ids).toEqual(Array.from({ length: 400 + own.length }, (_, index) => index + 1))
  expect((await store.list()).map(({ id }) => Number(id))).toEqual(ids)
  expect(dir.json().seq).toBe(ids.length + 1)
})

test('when writing processes are killed, every acknowledged change is there, the file is whole and the lock is free', async () => {
  const dir = makeDataDir()
  const store = createFileStore({ dataDir: dir.path })
  // Some size, so that a kill often falls into a write.
  await Promise.all(Array.from({ length: 1000 }, () => store.create(petOf({ ageMonths: 0 }))))
  for (let round = 1; round <= 6; round++) {
    const before = [await store.get('1'), await store.get('500')].map((pet) => pet?.ageMonths ?? 0)
    const writers = [startWriter(dir.path, 'count', 1), startWriter(dir.path, 'count', 500)]
    await until(() => writers.every(({ lines }) => lines().length >= 5 * round))
    await Promise.all(writers.map(({ kill }) => kill()))

    for (const [index, id] of ['1', '500'].entries()) {
      const acknowledged = Number(writers[index]?.lines().at(-1))
      const stored = dir.json().pets[id]?.ageMonths
      expect(acknowledged).toBeGreaterThan(before[index] ?? 0)
      // The one change under way when the process died may have been made or not.
      expect([acknowledged, acknowledged + 1]).toContain(stored)
    }
    await store.create(petOf())
    expect(existsSync(`${dir.file}.tmp`)).toBe(false)
  }
  expect(await store.list()).toHaveLength(1006)
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

test('what a killed process left of its temp file does no harm, and is gone after the next write', async () => {
  const dir = makeDataDir()
  const store = createFileStore({ dataDir: dir.path })
  await store.create(petOf())
  writeFileSync(`${dir.file}.tmp`, dir.read().repeat(50).slice(0, -100))
  expect(await store.list()).toHaveLength(1)
  await store.create(petOf())
  expect(existsSync(`${dir.file}.tmp`)).toBe(false)
  expect(Object.keys(dir.json().pets)).toEqual(['1', '2'])
})

test('many stores in one process, as hot reload makes them, take turns', async () => {
  const dir = makeDataDir()
  const stores = Array.from({ length: 20 }, () => createFileStore({ dataDir: dir.path }))
  await Promise.all(stores.flatMap((store) => Array.from({ length: 5 }, () => store.create(petOf()))))
  expect(Object.keys(dir.json().pets)).toHaveLength(100)
})
