import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createFileStore } from '../../src/store/file/file-store'
import { StoreError } from '../../src/store/store'
import { buildPet, petOf } from './build-pet'
import { makeDataDir } from './data-dir'

const pet = buildPet({ id: '1' })
const fileOf = (pets: Record<string, unknown>, rest: object = {}) => JSON.stringify({ seq: 5, pets, ...rest }, null, 2)
const petText = JSON.stringify(pet)

const broken: [what: string, content: string | Uint8Array, message: RegExp][] = [
  ['an empty file', '', /not valid JSON/],
  ['a cut file', fileOf({ 1: pet }).slice(0, -20), /not valid JSON/],
  ['a trailing comma', `{"seq": 2, "pets": {"1": ${petText},}}`, /not valid JSON: /],
  ['a file that is no text', Buffer.from(fileOf({ 1: { ...pet, name: 'Zo\u00eb' } }), 'latin1'), /not valid UTF-8/],
  ['an array', '[]', /expected object/],
  ['null', 'null', /expected object/],
  ['no seq', '{"pets": {}}', /: seq: /],
  ['a seq of 0', fileOf({}, { seq: 0 }), /: seq: /],
  ['a seq that is text', fileOf({}, { seq: '2' }), /: seq: /],
  ['a fractional seq', fileOf({}, { seq: 1.5 }), /: seq: /],
  ['a seq too large to count on', fileOf({}, { seq: 2 ** 53 }), /: seq: /],
  ['no pets', '{"seq": 1}', /: pets: /],
  ['a list of pets', '{"seq": 1, "pets": []}', /: pets: /],
  ['an unknown species', fileOf({ 1: pet, 3: { ...pet, id: '3', species: 'dragon' } }), /: pets\.3\.species: /],
  ['a text for a number', fileOf({ 1: { ...pet, createdAt: 'today' } }), /: pets\.1\.createdAt: /],
  ['a time that no calendar holds', fileOf({ 1: { ...pet, purgeAt: 1e20 } }), /: pets\.1\.purgeAt: /],
  ['a pet that is null', fileOf({ 1: null }), /: pets\.1: /],
  ['a pet without a name', fileOf({ 1: { ...pet, name: undefined } }), /: pets\.1\.name: /],
  ['a pet under another key', fileOf({ 2: pet }), /: pets\.2\.id: /],
  ['a key with a leading zero', fileOf({ '01': { ...pet, id: '01' } }), /: pets\.01: /],
  ['a key that is no number', fileOf({ rex: { ...pet, id: 'rex' } }), /: pets\.rex: /],
  ['the key __proto__', `{"seq": 2, "pets": {"__proto__": ${petText}}}`, /: pets\.__proto__: /],
  ['two pets of one id', `{"seq": 2, "pets": {"1": ${petText}, "\\u0031": ${petText}}}`, /: pets\.1: appears twice/],
  [
    "a pet pasted twice in the store's own layout",
    `${fileOf({ 1: pet, 4: { ...pet, id: '4' } })
      .replace('"4": {', '"1": {')
      .replace('"id": "4"', '"id": "1"')}\n`,
    /: pets\.1: appears twice/,
  ],
  ['a field twice', fileOf({ 1: pet }).replace('"name"', '"name": "Max", "name"'), /: pets\.1\.name: appears twice/],
  ['two lists of pets', `{"seq": 2, "pets": {"1": ${petText}}, "pets": {}}`, /: pets: appears twice/],
]

describe('a data file that is no valid store', () => {
  test.each(broken)('(%s) is refused, never overwritten, and works again once mended', async (_, content, message) => {
    const dir = makeDataDir()
    dir.write(fileOf({ 1: pet }))
    const store = createFileStore({ dataDir: dir.path })
    expect(await store.get('1')).toEqual(pet)

    dir.write(content)
    const calls = [
      () => store.get('1'),
      () => store.list(),
      () => store.create(petOf()),
      () => store.update('1', (old) => ({ ...old, name: 'Max' })),
      () => store.remove('1', () => true),
      () => createFileStore({ dataDir: dir.path }).list(),
    ]
    for (const call of calls) {
      const error = await call().catch((reason) => reason)
      expect(error).toBeInstanceOf(StoreError)
      expect(error).toMatchObject({ code: 'STORE_INVALID', message: expect.stringMatching(message) })
      expect(error.message).not.toContain(dir.path)
    }
    expect(readFileSync(dir.file).equals(Buffer.from(content))).toBe(true)

    dir.write(fileOf({ 1: { ...pet, name: 'Mended' } }))
    expect((await store.get('1'))?.name).toBe('Mended')
    expect((await store.create(petOf())).id).toBe('5')
  })

  test.each([
    ['a folder', (path: string) => mkdirSync(path)],
    ['a link', (path: string) => symlinkSync(join(path, '..', 'elsewhere.json'), path)],
  ])('(%s) is refused and left in place', async (_, make) => {
    const dir = makeDataDir()
    writeFileSync(join(dir.path, 'elsewhere.json'), fileOf({ 1: pet }))
    make(dir.file)
    const store = createFileStore({ dataDir: dir.path })
    await expect(store.list()).rejects.toMatchObject({ code: 'STORE_INVALID' })
    await expect(store.create(petOf())).rejects.toMatchObject({ code: 'STORE_INVALID' })
    rmSync(dir.file, { recursive: true })
    expect((await store.create(petOf())).id).toBe('1')
  })

  test('fails no change that is queued after it was mended', async () => {
    const dir = makeDataDir()
    dir.write('{')
    const store = createFileStore({ dataDir: dir.path })
    await expect(store.create(petOf())).rejects.toMatchObject({ code: 'STORE_INVALID' })
    dir.write(fileOf({}))
    await expect(Promise.all([store.create(petOf()), store.create(petOf())])).resolves.toHaveLength(2)
  })
})

test('a data folder that is a file is STORE_UNAVAILABLE, with the cause', async () => {
  const dir = makeDataDir()
  dir.write('')
  const store = createFileStore({ dataDir: dir.file })
  for (const call of [store.list(), store.create(petOf())]) {
    const error = await call.catch((reason) => reason)
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', cause: { code: 'ENOTDIR' } })
    expect(error.message).not.toContain(dir.path)
  }
})
