import { chmodSync, existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createFileStore } from '../../src/store/file/file-store'
import { buildPet, petOf } from './build-pet'
import { makeDataDir } from './data-dir'
import { describePetStorePromises } from './pet-store-promises'

describePetStorePromises('the file store', () => createFileStore({ dataDir: makeDataDir().path }))

describe('the data file', () => {
  test('is indented by two spaces and ends in a line break', async () => {
    const dir = makeDataDir()
    await createFileStore({ dataDir: dir.path }).create(petOf())
    expect(dir.read()).toBe(`${JSON.stringify({ seq: 2, pets: { 1: buildPet({ id: '1' }) } }, null, 2)}\n`)
  })

  test('looks the same with no pets and with several hundred', async () => {
    const dir = makeDataDir()
    const store = createFileStore({ dataDir: dir.path })
    await Promise.all(Array.from({ length: 300 }, (_, index) => store.create(petOf({ name: `Zoë "${index}"\n🐶` }))))
    expect(dir.read()).toBe(`${JSON.stringify(dir.json(), null, 2)}\n`)
    await Promise.all(Array.from({ length: 300 }, (_, index) => store.remove(String(index + 1), () => true)))
    expect(dir.read()).toBe(`${JSON.stringify({ seq: 301, pets: {} }, null, 2)}\n`)
  })

  test('comes into being with the first pet, and its folder too; reading makes neither', async () => {
    const dataDir = join(makeDataDir().path, 'new', 'data')
    const store = createFileStore({ dataDir })
    await store.list()
    expect(existsSync(dataDir)).toBe(false)
    await store.create(petOf())
    expect(readdirSync(dataDir).sort()).toEqual(['pets.json', 'pets.json.lock'])
  })

  test('is not written when nothing changes', async () => {
    const dir = makeDataDir()
    const store = createFileStore({ dataDir: dir.path })
    await store.create(petOf())
    const before = statSync(dir.file)
    await store.update('1', (pet) => pet)
    await store.update('2', (pet) => ({ ...pet, name: 'Rex' }))
    await store.remove('1', () => false)
    expect(statSync(dir.file)).toEqual(before)
  })

  test('keeps its permissions', async () => {
    const dir = makeDataDir()
    const store = createFileStore({ dataDir: dir.path })
    await store.create(petOf())
    chmodSync(dir.file, 0o600)
    await store.create(petOf())
    expect(statSync(dir.file).mode & 0o777).toBe(0o600)
  })

  test('is written once for all changes that arrive during a write', async () => {
    const dir = makeDataDir()
    let writes = 0
    const { open } = await import('node:fs/promises')
    const openFile: typeof open = (path, ...rest) => {
      if (String(path).endsWith('.tmp')) writes++
      return open(path, ...rest)
    }
    const store = createFileStore({ dataDir: dir.path, openFile })
    const first = store.create(petOf())
    await Promise.all([first, ...Array.from({ length: 50 }, () => first.then(() => store.create(petOf())))])
    expect(writes).toBe(2)
  })

  test('gives back what was stored to a store that starts later', async () => {
    const dir = makeDataDir()
    const store = createFileStore({ dataDir: dir.path })
    for (const name of ['Rex', 'Max']) await store.create(petOf({ name }))
    expect(await createFileStore({ dataDir: dir.path }).list()).toEqual(await store.list())
  })

  test('never holds an id beyond 15 digits', async () => {
    const dir = makeDataDir()
    dir.write(JSON.stringify({ seq: 10 ** 15 - 1, pets: {} }))
    const store = createFileStore({ dataDir: dir.path })
    expect((await store.create(petOf())).id).toBe('999999999999999')
    await expect(store.create(petOf())).rejects.toMatchObject({ code: 'STORE_FULL' })
    expect(await store.list()).toHaveLength(1)
  })
})

test('a store follows what another one writes, block by block', async () => {
  const dir = makeDataDir()
  const writer = createFileStore({ dataDir: dir.path })
  const reader = createFileStore({ dataDir: dir.path })
  await Promise.all(Array.from({ length: 400 }, () => writer.create(petOf())))
  // A fixed sequence of pseudo-random numbers (the minimal standard generator), so that a failure comes back.
  let random = 1
  const next = (below: number) => {
    random = (random * 48_271) % 2_147_483_647
    return random % below
  }
  for (let round = 0; round < 60; round++) {
    await Promise.all(
      Array.from({ length: 1 + next(20) }, () => {
        const id = String(1 + next(450))
        const kind = next(4)
        if (kind === 0) return writer.create(petOf({ name: `Pet ${next(1000)}` }))
        if (kind === 1) return writer.remove(id, () => true)
        return writer.update(id, (pet) => ({ ...pet, ageMonths: next(100) }))
      }),
    )
    expect(await reader.list()).toEqual(Object.values(dir.json().pets))
    expect(await reader.list()).toEqual(await writer.list())
  }
})
