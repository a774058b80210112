import { chmodSync, chownSync, cpSync, existsSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { watchedCalls } from '../../packages/motia-runtime/tests/files/watched-calls'
import { createFileStore } from '../../src/store/file/file-store'
import type { PetStore } from '../../src/store/store'
import { waitFor } from '../support/wait-for'
import { buildPet, petOf } from './build-pet'
import { describeClientPromises } from './client-promises'
import { type DataDir, makeDataDir, makeQuickDataDir, upToDate } from './data-dir'
import { openFolder, type Pets, petsIn, set, update, WORKLOAD } from './folder-workload'
import { describePetStorePromises } from './pet-store-promises'

describePetStorePromises('the file store', () => createFileStore({ dataDir: makeDataDir().path }))

describeClientPromises('one folder', async () => {
  const { path: dataDir } = makeDataDir()
  return [createFileStore({ dataDir }), createFileStore({ dataDir })]
})

const makeStore = () => {
  const dir = makeDataDir()
  return { dir, store: createFileStore({ dataDir: dir.path }) }
}

const filesIn = (dir: DataDir) => readdirSync(dir.path).sort()

/** A pet that owes an event, and the change that removes it. */
const owed = [{ id: 'e1', topic: 'js.pet.created', data: { petId: '1' } }]

test('a change of many that throws for one changes none', async () => {
  const { store } = makeStore()
  await Promise.all([store.create(petOf({ name: 'Rex' })), store.create(petOf())])
  const error = new Error('no')
  const change = store.updateMany(['1', '2'], (pet) => {
    if (pet.id === '2') throw error
    return null
  })
  await expect(change).rejects.toBe(error)
  expect(await store.list()).toHaveLength(2)
})

describe('an Idempotency-Key', () => {
  const keyed = petOf({ idempotency: { key: 'k', body: 'b' } })

  test('is remembered in the journal and in the file, after a restart, and when the file is edited', async () => {
    const { dir, store } = makeStore()
    await store.create(keyed)
    const isKnown = (other: PetStore) =>
      expect(other.create(keyed)).rejects.toMatchObject({ name: 'RepeatedCreateError', first: { id: '1' } })
    // It was never closed, as after a crash.
    await isKnown(createFileStore({ dataDir: dir.path }))
    await upToDate(dir, store)
    expect(dir.json().pets[1]).toEqual(keyed('1'))
    await store.close()
    await isKnown(createFileStore({ dataDir: dir.path }))

    const edited = createFileStore({ dataDir: dir.path })
    dir.write(dir.read().replace('"Buddy"', '"Buddy II"'))
    await isKnown(edited)
    dir.write('{"seq": 2, "pets": {}}')
    expect((await edited.create(keyed)).id).toBe('2')
  })
})

describe('the data file', () => {
  test('is indented by two spaces and ends in a line break', async () => {
    const { dir, store } = makeStore()
    await store.create(petOf())
    await store.close()
    expect(dir.read()).toBe(`${JSON.stringify({ seq: 2, pets: { 1: buildPet({ id: '1' }) } }, null, 2)}\n`)
  })

  test('looks the same with no pets and with several hundred, whatever changed since it was written last', async () => {
    const { dir, store } = makeStore()
    await Promise.all(Array.from({ length: 300 }, (_, index) => store.create(petOf({ name: `Zoë "${index}"\n🐶` }))))
    await upToDate(dir, store)
    expect(dir.read()).toBe(`${JSON.stringify(dir.json(), null, 2)}\n`)
    await store.update('130', (pet) => ({ ...pet, notes: 'x' }))
    await store.updateMany(['1', '64', '300'], () => null)
    await upToDate(dir, store)
    expect(dir.read()).toBe(`${JSON.stringify(dir.json(), null, 2)}\n`)
    await store.updateMany(
      Array.from({ length: 300 }, (_, index) => String(index + 1)),
      () => null,
    )
    await upToDate(dir, store)
    expect(dir.read()).toBe(`${JSON.stringify({ seq: 301, pets: {} }, null, 2)}\n`)
  })

  test('is up to date within 100 ms once the store is quiet, and contains no settled event', async () => {
    const dir = makeQuickDataDir()
    const store = createFileStore({ dataDir: dir.path })
    await store.create(petOf({ owed }))
    const startedAt = performance.now()
    const settled = store.updateMany(['1'], ({ owed: _, ...pet }) => pet, 5_000)
    await waitFor(() => existsSync(dir.file), { interval: 1 })
    const took = performance.now() - startedAt
    await settled
    expect(dir.json().pets[1]).toEqual(buildPet({ id: '1' }))
    // Not 100 ms: this includes the time to see the file, on a machine that does other things too.
    expect(took).toBeLessThan(1_000)
    expect(took).toBeGreaterThan(30)
  })

  test('is written now and then while the store is busy, however many the changes', async () => {
    const dir = makeDataDir()
    let writes = 0
    const calls = watchedCalls((name) => {
      if (name === 'linkSync' || name === 'swapSync') writes += 1
    })
    const store = createFileStore({ dataDir: dir.path, calls })
    const endsAt = performance.now() + 1_500
    let changes = 0
    while (performance.now() < endsAt) {
      await store.create(petOf())
      changes += 1
    }
    expect(writes).toBeGreaterThanOrEqual(1)
    expect(writes).toBeLessThan(changes / 5)
  })

  test('is created with the first pet, like its folder, and not by a read', async () => {
    const dataDir = join(makeDataDir().path, 'new', 'data')
    const store = createFileStore({ dataDir })
    await store.list()
    await store.close()
    expect(existsSync(dataDir)).toBe(false)
    await createFileStore({ dataDir }).create(petOf())
    expect(readdirSync(dataDir).sort()).toEqual(['pets.journal', 'pets.reserve'])
  })

  test('is all that a clean stop leaves, besides the lock file', async () => {
    const { dir, store } = makeStore()
    await store.create(petOf())
    await store.close()
    expect(filesIn(dir)).toEqual(['pets.json', 'pets.json.lock'])
  })

  test('without a journal, as an older version left it, just works', async () => {
    const { dir, store } = makeStore()
    dir.write(JSON.stringify({ seq: 8, pets: { 7: buildPet({ id: '7' }) } }))
    expect(await store.list()).toEqual([buildPet({ id: '7' })])
    expect((await store.create(petOf())).id).toBe('8')
  })

  test('is not written when nothing changes', async () => {
    const { dir, store } = makeStore()
    await store.create(petOf())
    await upToDate(dir, store)
    const journal = () => readFileSync(join(dir.path, 'pets.journal'), 'utf8')
    const before = [journal(), statSync(dir.file)]
    await store.update('1', (pet) => pet)
    await store.update('2', (pet) => ({ ...pet, name: 'Rex' }))
    await store.updateMany(['1', '2'], (pet) => pet)
    expect([journal(), statSync(dir.file)]).toEqual(before)
  })

  test.each([0o600, 0o664, 0o666])(
    'keeps its mode %o at a rewrite, whatever the umask, and the journal has it too',
    async (mode) => {
      const { dir, store } = makeStore()
      await store.create(petOf())
      await upToDate(dir, store)
      chmodSync(dir.file, mode)
      await store.create(petOf())
      await upToDate(dir, store)
      expect(statSync(dir.file).mode & 0o777).toBe(mode)
      expect(statSync(join(dir.path, 'pets.journal')).mode & 0o777).toBe(mode)
    },
  )

  test.runIf(process.getuid?.() === 0)('keeps its owner and group at a rewrite', async () => {
    const { dir, store } = makeStore()
    await store.create(petOf())
    await upToDate(dir, store)
    chownSync(dir.file, 1, 60)
    await store.create(petOf())
    await upToDate(dir, store)
    const { uid, gid } = statSync(dir.file)
    expect({ uid, gid }).toEqual({ uid: 1, gid: 60 })
  })

  test('never contains an id beyond 15 digits', async () => {
    const { dir, store } = makeStore()
    dir.write(JSON.stringify({ seq: 10 ** 15 - 1, pets: {} }))
    expect((await store.create(petOf())).id).toBe('999999999999999')
    await expect(store.create(petOf())).rejects.toMatchObject({ code: 'STORE_FULL' })
    expect(await store.list()).toHaveLength(1)
  })
})

describe('the journal', () => {
  test('takes the changes that arrive during a turn in one write with one sync', async () => {
    const made: string[] = []
    const calls = watchedCalls((name) => made.push(name))
    const store = createFileStore({ dataDir: makeDataDir().path, calls })
    const first = store.create(petOf())
    await Promise.all([first, ...Array.from({ length: 50 }, () => first.then(() => store.create(petOf())))])
    expect(made.filter((name) => name === 'fdatasync')).toHaveLength(2)
  })

  test('gives acknowledged changes to a store that starts while the file does not contain them', async () => {
    const { dir, store } = makeStore()
    for (const name of ['Rex', 'Max']) await store.create(petOf({ name, owed }))
    await store.update('2', ({ owed: _, ...pet }) => pet)
    expect(existsSync(dir.file)).toBe(false)
    const next = createFileStore({ dataDir: dir.path })
    expect(await next.list()).toEqual(await store.list())
    expect((await next.page(null, 9, 'owing')).map(({ id }) => id)).toEqual(['1'])
    expect((await next.create(petOf())).id).toBe('3')
  })

  test('does not give the id of a pet that only it contained again', async () => {
    const { dir, store } = makeStore()
    await store.create(petOf())
    await store.updateMany(['1'], () => null)
    expect((await createFileStore({ dataDir: dir.path }).create(petOf())).id).toBe('2')
  })

  test('needs two stats for a read while nothing changes', async () => {
    const { dir, store } = makeStore()
    await store.create(petOf())
    await upToDate(dir, store)
    const made: string[] = []
    const reader = createFileStore({ dataDir: dir.path, calls: watchedCalls((name) => made.push(name)) })
    await reader.get('1')
    made.length = 0
    await reader.get('1')
    expect(made).toEqual(['statSync', 'lstatSync'])
  })
})

test('when another server replaces the file between the reads of journal and file, then no older record is applied to it', async () => {
  const [dir, later] = [makeDataDir(), makeDataDir()]
  for (const step of [set('1', { ageMonths: 1 }), update, set('1', { ageMonths: 2 })]) await step.run(openFolder(dir))
  cpSync(dir.path, later.path, { recursive: true })
  for (const step of [set('1', { ageMonths: 3 }), update]) await step.run(openFolder(later))
  const calls = watchedCalls((name, [path]) => {
    if (name !== 'openSync' || path !== dir.file || !existsSync(later.file)) return
    for (const file of ['pets.json', 'pets.journal']) renameSync(join(later.path, file), join(dir.path, file))
  })
  expect(openFolder(dir, calls).read().get('1')?.ageMonths).toBe(3)
})

test('when a server has not read any part of a workload, then its next read shows every change', async () => {
  const after = (count: number) => WORKLOAD.slice(0, count).reduce<Pets>((pets, step) => step.after(pets), {})
  const looksAfter = async (first: number, second: number) => {
    const dir = makeQuickDataDir()
    const [writer, reader] = [openFolder(dir), openFolder(dir)]
    for (const step of WORKLOAD.slice(0, first)) await step.run(writer)
    reader.read()
    for (const step of WORKLOAD.slice(first, second)) await step.run(writer)
    expect(petsIn(reader), `first after ${first} steps, then after ${second}`).toEqual(after(second))
  }
  const counts = Array.from({ length: WORKLOAD.length + 1 }, (_, count) => count)
  await Promise.all(counts.flatMap((first) => counts.slice(first + 1).map((second) => looksAfter(first, second))))
})

test('when two stores write, then each sees the changes of the other at once, without reading the file again', async () => {
  const dir = makeDataDir()
  const opened: unknown[] = []
  const calls = watchedCalls((name, [path]) => {
    if (name === 'openSync' && path === dir.file) opened.push(path)
  })
  const writer = createFileStore({ dataDir: dir.path })
  const reader = createFileStore({ dataDir: dir.path, calls })
  await Promise.all(Array.from({ length: 400 }, () => writer.create(petOf())))
  // A fixed sequence of pseudo-random numbers (the minimal standard generator), so that a failure comes back.
  let random = 1
  const next = (below: number) => {
    random = (random * 48_271) % 2_147_483_647
    return random % below
  }
  await upToDate(dir, reader)
  opened.length = 0
  for (let round = 0; round < 60; round++) {
    await Promise.all(
      Array.from({ length: 1 + next(20) }, () => {
        const id = String(1 + next(450))
        const store = next(4) === 0 ? reader : writer
        const kind = next(4)
        if (kind === 0) return store.create(petOf({ name: `Pet ${next(1000)}` }))
        if (kind === 1) return store.updateMany([id], () => null)
        return store.update(id, (pet) => ({ ...pet, ageMonths: next(100) }))
      }),
    )
    expect(await reader.list()).toEqual(await writer.list())
    if (round % 20 === 0) await upToDate(dir, writer)
  }
  await upToDate(dir, reader)
  expect(opened).toEqual([])
})
