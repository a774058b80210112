import { renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { createFileStore } from '../../src/store/file/file-store'
import { buildPet, petOf } from './build-pet'
import { type DataDir, makeDataDir } from './data-dir'

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
    replaceText(dir, 'Rex', 'Bello')
    expect((await store.get('1'))?.name).toBe('Bello')
    expect((await store.update('1', (pet) => ({ ...pet, ageMonths: 1 })))?.before.name).toBe('Bello')
  })

  test("counts when an editor renames its copy over the file, with the old file's size and times", async () => {
    const { dir, store } = makeStore()
    await store.create(petOf({ name: 'Rex' }))
    utimesSync(dir.file, 1_700_000_000, 1_700_000_000)
    expect((await store.get('1'))?.name).toBe('Rex')
    writeFileSync(`${dir.file}~`, dir.read().replace('Rex', 'Max'))
    utimesSync(`${dir.file}~`, 1_700_000_000, 1_700_000_000)
    renameSync(`${dir.file}~`, dir.file)
    expect((await store.get('1'))?.name).toBe('Max')
  })

  test('counts when it keeps the size and follows a write or a read within the same clock tick', async () => {
    const { dir, store } = makeStore()
    for (let round = 0; round < 100; round++) {
      await store.create(petOf({ name: 'Rex' }))
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

  test('of every kind counts: a pet added, removed and moved, the file deleted', async () => {
    const { dir, store } = makeStore({ seq: 3, pets: { 1: buildPet({ id: '1' }), 2: buildPet({ id: '2' }) } })
    dir.write(JSON.stringify({ seq: 9, pets: { 8: buildPet({ id: '8' }), 2: buildPet({ id: '2' }) } }))
    expect((await store.list()).map(({ id }) => id)).toEqual(['2', '8'])
    rmSync(dir.file)
    expect(await store.list()).toEqual([])
    expect((await store.create(petOf())).id).toBe('1')
  })

  test('that leaves seq behind the largest id makes no id come back', async () => {
    const { dir, store } = makeStore({ seq: 1, pets: { 7: buildPet({ id: '7' }) } })
    expect((await store.create(petOf())).id).toBe('8')
    replaceText(dir, '"seq": 9', '"seq": 2')
    await store.remove('8', () => true)
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
    expect(dir.read()).toBe(`${JSON.stringify({ seq: 3, pets: dir.json().pets }, null, 2)}\n`)
  })

  test('while a write is under way is kept, and the change is made on top of it', async () => {
    const dir = makeDataDir()
    let edit = () => {}
    const openFile: typeof open = async (...args) => {
      const handle = await open(...args)
      edit()
      edit = () => {}
      return handle
    }
    const store = createFileStore({ dataDir: dir.path, openFile })
    await store.create(petOf({ name: 'Rex' }))
    edit = () => replaceText(dir, 'Rex', 'Bello')
    const change = await store.update('1', (pet) => ({ ...pet, ageMonths: 99 }))
    expect(change?.before.name).toBe('Bello')
    expect(dir.json().pets[1]).toMatchObject({ name: 'Bello', ageMonths: 99 })
  })
})

describe('what a person added to the file', () => {
  const added = '"chip": {"no": [1, {"b": null}]}, "__proto__": {"polluted": true}'

  test('to a pet survives every rewrite', async () => {
    const { dir, store } = makeStore()
    await store.create(petOf({ name: 'Rex' }))
    replaceText(dir, '"name": "Rex"', `${added}, "name": "Rex"`)
    await store.update('1', (pet) => ({ ...pet, ageMonths: 99 }))
    await store.create(petOf())
    expect(JSON.stringify(dir.json().pets[1])).toContain(JSON.stringify(JSON.parse(`{${added}}`)).slice(1, -1))
    expect(await store.get('1')).not.toHaveProperty('polluted')
  })

  test('to the top of the file survives every rewrite', async () => {
    const { dir, store } = makeStore()
    dir.write(`{"comment": "ours", "seq": 1, ${added}, "pets": {}}`)
    const other = createFileStore({ dataDir: dir.path })
    for (const writer of [store, other, store]) await writer.create(petOf())
    await store.remove('1', () => true)
    const { seq: _, pets: __, ...rest } = dir.json()
    expect(JSON.stringify(rest)).toBe(JSON.stringify(JSON.parse(`{"comment": "ours", ${added}}`)))
    expect((await other.list()).map(({ id }) => id)).toEqual(['2', '3'])
  })
})
