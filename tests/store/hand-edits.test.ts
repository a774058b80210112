import { linkSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createFileStore } from '../../src/store/file/file-store'
import { buildPet, petOf } from './build-pet'
import { type DataDir, makeDataDir, upToDate } from './data-dir'

function makeStore(content?: unknown) {
  const dir = makeDataDir()
  if (content !== undefined) dir.write(JSON.stringify(content))
  return { dir, store: createFileStore({ dataDir: dir.path }) }
}

function replaceText(dir: DataDir, from: string, to: string): void {
  dir.write(dir.read().replace(from, to))
}

describe('an edit by hand', () => {
  test('counts from the next call on', async () => {
    const { dir, store } = makeStore()
    await store.create(petOf({ name: 'Rex' }))
    await upToDate(dir, store)
    replaceText(dir, 'Rex', 'Bello')
    expect((await store.get('1'))?.name).toBe('Bello')
    expect((await store.update('1', (pet) => ({ ...pet, ageMonths: 1 })))?.before.name).toBe('Bello')
  })

  test("counts when an editor renames its copy over the file, with the old file's size and times", async () => {
    const { dir, store } = makeStore()
    await store.create(petOf({ name: 'Rex' }))
    await upToDate(dir, store)
    utimesSync(dir.file, 1_700_000_000, 1_700_000_000)
    expect((await store.get('1'))?.name).toBe('Rex')
    writeFileSync(`${dir.file}~`, dir.read().replace('Rex', 'Max'))
    utimesSync(`${dir.file}~`, 1_700_000_000, 1_700_000_000)
    renameSync(`${dir.file}~`, dir.file)
    expect((await store.get('1'))?.name).toBe('Max')
  })

  test('counts when it keeps the size and follows a write or a read within the same clock tick', async () => {
    const { dir, store } = makeStore()
    for (let round = 0; round < 20; round++) {
      await store.create(petOf({ name: 'Rex' }))
      await upToDate(dir, store)
      for (const [from, to] of [
        ['Rex', 'Max'],
        ['Max', 'Tom'],
        ['Tom', 'Ben'],
      ] as const) {
        replaceText(dir, from, to)
        expect((await store.list()).at(-1)?.name).toBe(to)
      }
    }
  })

  test('is noticed, whether a pet is added, removed or moved, or the file is deleted', async () => {
    const { dir, store } = makeStore({ seq: 3, pets: { 1: buildPet({ id: '1' }), 2: buildPet({ id: '2' }) } })
    dir.write(JSON.stringify({ seq: 9, pets: { 8: buildPet({ id: '8' }), 2: buildPet({ id: '2' }) } }))
    expect((await store.list()).map(({ id }) => id)).toEqual(['2', '8'])
    rmSync(dir.file)
    expect(await store.list()).toEqual([])
    // Not one of the ids that this server has seen.
    expect((await store.create(petOf())).id).toBe('9')
  })

  test('that deletes the file leaves an empty store, and no change that only the journal held', async () => {
    const { dir, store } = makeStore()
    await store.create(petOf({ name: 'Rex' }))
    await upToDate(dir, store)
    await store.create(petOf({ name: 'Max' }))
    rmSync(dir.file)
    expect(await store.list()).toEqual([])
    expect(await createFileStore({ dataDir: dir.path }).list()).toEqual([])
    await store.create(petOf({ name: 'Tom' }))
    // A server that starts after a crash, before the file is written again.
    expect((await createFileStore({ dataDir: dir.path }).list()).map(({ id, name }) => [id, name])).toEqual([
      ['3', 'Tom'],
    ])
    await upToDate(dir, store)
    expect(Object.keys(dir.json().pets)).toEqual(['3'])
  })

  test('that moves the file away for a moment loses no change made meanwhile, and gives no id twice', async () => {
    const { dir, store } = makeStore()
    await store.create(petOf({ name: 'Rex' }))
    await upToDate(dir, store)
    await store.create(petOf({ name: 'Max' }))
    renameSync(dir.file, `${dir.file}~`)
    expect((await store.create(petOf({ name: 'Tom' }))).id).toBe('3')
    writeFileSync(dir.file, readFileSync(`${dir.file}~`, 'utf8').replace('Rex', 'Bello'))
    const names = ['Bello', 'Max', 'Tom']
    expect((await store.list()).map(({ name }) => name)).toEqual(names)
    expect((await createFileStore({ dataDir: dir.path }).list()).map(({ name }) => name)).toEqual(names)
    await store.close()
    expect(Object.values(dir.json().pets).map(({ name }) => name)).toEqual(names)
  })

  test.each<[how: string, begin: (dir: DataDir) => void]>([
    ['moves the file away', (dir) => renameSync(dir.file, `${dir.file}~`)],
    ['empties the file before it writes it', (dir) => dir.write('')],
  ])('of an editor that %s: requests meanwhile wait for the end of it', async (_, begin) => {
    const { dir, store } = makeStore()
    await store.create(petOf({ name: 'Rex' }))
    await store.create(petOf({ name: 'Max' }))
    await upToDate(dir, store)
    const text = dir.read().replace('Rex', 'Bello')
    begin(dir)
    const requests = Promise.all([
      store.get('1'),
      store.list(),
      store.page(null, 1),
      store.update('1', (pet) => ({ ...pet, ageMonths: 99 })),
      store.updateMany(['2'], () => null),
    ])
    await new Promise((resolve) => setTimeout(resolve, 5))
    dir.write(text)
    const [pet, pets, page, change] = await requests
    expect([pet?.name, pets[0]?.name, page[0]?.name, change?.after.name]).toEqual(Array(4).fill('Bello'))
    expect((await store.list()).map(({ id, ageMonths }) => [id, ageMonths])).toEqual([['1', 99]])
  })

  test('that deletes the file gives no id twice, not even by a server that starts afterwards', async () => {
    const { dir, store } = makeStore()
    await store.create(petOf())
    await upToDate(dir, store)
    await store.create(petOf())
    await store.create(petOf())
    rmSync(dir.file)
    expect((await createFileStore({ dataDir: dir.path }).create(petOf())).id).toBe('4')
  })

  test('is kept when it was saved before the file held the latest changes, which are made on top of it', async () => {
    const { dir, store } = makeStore()
    await store.create(petOf({ name: 'Rex', notes: 'x' }))
    await store.create(petOf({ name: 'Max' }))
    await upToDate(dir, store)
    await store.update('1', ({ notes: _, ...pet }) => ({ ...pet, ageMonths: 99 }))
    await store.update('2', (pet) => ({ ...pet, ageMonths: 98 }))
    await store.create(petOf({ name: 'Tom' }))
    const { pets, seq } = dir.json()
    dir.write(JSON.stringify({ seq, pets: { 1: { ...pets[1], name: 'Bello', chip: 7 } } }))
    const expected = [
      { ...buildPet({ id: '1', name: 'Bello', ageMonths: 99 }), chip: 7 },
      // The edit removed the pet 2.
      buildPet({ id: '3', name: 'Tom' }),
    ]
    expect(await store.list()).toEqual(expected)
    expect(await createFileStore({ dataDir: dir.path }).list()).toEqual(expected)
    await upToDate(dir, store)
    expect(Object.values(dir.json().pets)).toEqual(expected)
  })

  test('of a second name of the file counts until the file is replaced, and that name keeps the old version', async () => {
    const { dir, store } = makeStore()
    await store.create(petOf({ name: 'Rex' }))
    await upToDate(dir, store)
    linkSync(dir.file, `${dir.file}.link`)
    writeFileSync(`${dir.file}.link`, dir.read().replace('Rex', 'Max'))
    expect((await store.get('1'))?.name).toBe('Max')
    await store.update('1', (pet) => ({ ...pet, name: 'Tom' }))
    await upToDate(dir, store)
    expect(dir.read()).toContain('Tom')
    expect(readFileSync(`${dir.file}.link`, 'utf8')).toContain('Max')
  })

  test('that no change follows stays as it was written, to the last blank', async () => {
    const { dir, store } = makeStore()
    await store.create(petOf())
    await upToDate(dir, store)
    const text = `${JSON.stringify(dir.json())}\n\n`
    dir.write(text)
    await store.list()
    await store.close()
    expect(dir.read()).toBe(text)
  })

  test('that leaves seq below the largest id does not give an id twice', async () => {
    const { dir, store } = makeStore({ seq: 1, pets: { 7: buildPet({ id: '7' }) } })
    expect((await store.create(petOf())).id).toBe('8')
    await upToDate(dir, store)
    replaceText(dir, '"seq": 9', '"seq": 2')
    await store.updateMany(['8'], () => null)
    expect((await store.create(petOf())).id).toBe('9')
  })

  test('may use ids that JavaScript does not sort as numbers', async () => {
    const ids = ['999999999999999', '5000000000', '4294967295', '70', '3']
    const { store } = makeStore({ seq: 1, pets: Object.fromEntries(ids.map((id) => [id, buildPet({ id })])) })
    expect((await store.list()).map(({ id }) => id)).toEqual(ids.toReversed())
  })

  test('may lay the file out in any way, with a byte order mark too', async () => {
    const { dir, store } = makeStore()
    dir.write(`\uFEFF\r\n{ "pets": {"1": ${JSON.stringify(buildPet({ id: '1' }))} },\r\n\t"seq": 2 }`)
    expect((await store.create(petOf())).id).toBe('2')
    await upToDate(dir, store)
    expect(dir.read()).toBe(`${JSON.stringify({ seq: 3, pets: dir.json().pets }, null, 2)}\n`)
  })
})

describe('what a person added to the file', () => {
  const added = '"chip": {"no": [1, {"b": null}]}, "__proto__": {"polluted": true}'

  test('to a pet survives every rewrite', async () => {
    const { dir, store } = makeStore()
    await store.create(petOf({ name: 'Rex' }))
    await upToDate(dir, store)
    replaceText(dir, '"name": "Rex"', `${added}, "name": "Rex"`)
    await store.update('1', (pet) => ({ ...pet, ageMonths: 99 }))
    await store.create(petOf())
    expect(JSON.stringify(dir.json().pets[1])).toContain(JSON.stringify(JSON.parse(`{${added}}`)).slice(1, -1))
    expect(await store.get('1')).not.toHaveProperty('polluted')
  })

  test('as a number survives every rewrite, if JavaScript can keep its digits', async () => {
    const { dir, store } = makeStore()
    const numbers = '[123456789012345680000, 0.1, 1.50, -3e+2, 9007199254740991, 1e21, 0.30000000000000004]'
    dir.write(`{"seq": 1, "pets": {}, "numbers": ${numbers}, "text": "123456789012345678901"}`)
    await store.create(petOf())
    await upToDate(dir, store)
    expect(dir.read()).toContain(JSON.stringify(JSON.parse(numbers), null, 2).replaceAll('\n', '\n  '))
  })

  test('to the top of the file survives every rewrite', async () => {
    const { dir, store } = makeStore()
    dir.write(`{"comment": "ours", "seq": 1, ${added}, "pets": {}}`)
    const other = createFileStore({ dataDir: dir.path })
    for (const writer of [store, other, store]) {
      await writer.create(petOf())
      await upToDate(dir, writer)
    }
    await store.updateMany(['1'], () => null)
    await upToDate(dir, store)
    const { seq: _, pets: __, ...rest } = dir.json()
    expect(JSON.stringify(rest)).toBe(JSON.stringify(JSON.parse(`{"comment": "ours", ${added}}`)))
    expect((await other.list()).map(({ id }) => id)).toEqual(['2', '3'])
  })
})
