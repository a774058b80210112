import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createFileStore } from '../../src/store/file/file-store'
import { StoreError } from '../../src/store/store'
import { buildPet, petOf } from './build-pet'
import { type DataDir, makeDataDir, upToDate } from './data-dir'
import { openFolder, petsIn, set } from './folder-workload'

const pet = buildPet({ id: '1' })
const fileOf = (pets: Record<string, unknown>, rest: object = {}) => JSON.stringify({ seq: 5, pets, ...rest }, null, 2)
const petText = JSON.stringify(pet)

const broken: [what: string, content: string | Uint8Array, message: RegExp][] = [
  ['an empty file', '', /not valid JSON: .* \(line 1, column 1\)$/],
  ['a comma in the third line', '{\n  "seq": 2,\n  "pets": {,}\n}', /not valid JSON: .* \(line 3, column 12\)$/],
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
  [
    'a number of 21 digits',
    fileOf({ 1: { ...pet, chip: [{ no: 7 }] } }).replace('"no": 7', '"no": 123456789012345678901'),
    /: pets\.1\.chip\.\[\]\.no: 123456789012345678901 has too many digits to be kept exactly\. Put it in quotes$/,
  ],
  [
    'a long fraction',
    fileOf({ 1: pet }).replace('"name"', '"kg": 0.12345678901234567, "name"'),
    /: pets\.1\.kg: 0\.12/,
  ],
  [
    'a huge number',
    fileOf({ 1: pet }).replace('"name"', '"kg": 1e999, "name"'),
    /: pets\.1\.kg: 1e999 has too many digits/,
  ],
  ['two lists of pets', `{"seq": 2, "pets": {"1": ${petText}}, "pets": {}}`, /: pets: appears twice/],
]

describe('a data file that is not a valid store', () => {
  test.each(broken)(
    '(%s) is refused, never overwritten, and works again once repaired',
    async (_, content, message) => {
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
        () => store.updateMany(['1'], () => null),
        () => createFileStore({ dataDir: dir.path }).list(),
      ]
      for (const call of calls) {
        const error = await call().catch((reason) => reason)
        expect(error).toBeInstanceOf(StoreError)
        expect(error).toMatchObject({ code: 'STORE_INVALID', message: expect.stringMatching(message) })
        // Jobs wait until somebody fixes the file, which does not count as an attempt.
        expect(error).toMatchObject({ isTemporary: true })
        expect(error.message).not.toContain(dir.path)
      }
      expect(readFileSync(dir.file).equals(Buffer.from(content))).toBe(true)

      dir.write(fileOf({ 1: { ...pet, name: 'Repaired' } }))
      expect((await store.get('1'))?.name).toBe('Repaired')
      expect((await store.create(petOf())).id).toBe('5')
    },
  )

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

  test('keeps the changes that it did not contain yet, in the journal, until it is repaired', async () => {
    const dir = makeDataDir()
    const store = createFileStore({ dataDir: dir.path })
    await store.create(petOf({ name: 'Rex' }))
    await upToDate(dir, store)
    await Promise.all([store.update('1', (old) => ({ ...old, ageMonths: 99 })), store.create(petOf({ name: 'Max' }))])
    dir.write('{"seq": 2,')
    const journal = readFileSync(`${dir.path}/pets.journal`)
    await expect(store.create(petOf())).rejects.toMatchObject({ code: 'STORE_INVALID' })
    await store.close()
    expect(dir.read()).toBe('{"seq": 2,')
    expect(readFileSync(`${dir.path}/pets.journal`).equals(journal)).toBe(true)

    dir.write(fileOf({ 1: buildPet({ id: '1', name: 'Repaired' }) }))
    const found = await createFileStore({ dataDir: dir.path }).list()
    expect(found.map(({ name, ageMonths }) => [name, ageMonths])).toEqual([
      ['Repaired', 99],
      ['Max', 12],
    ])
  })

  test('fails no change that is queued after it was repaired', async () => {
    const dir = makeDataDir()
    dir.write('{')
    const store = createFileStore({ dataDir: dir.path })
    await expect(store.create(petOf())).rejects.toMatchObject({ code: 'STORE_INVALID' })
    dir.write(fileOf({}))
    await expect(Promise.all([store.create(petOf()), store.create(petOf())])).resolves.toHaveLength(2)
  })
})

test.each(['pets.json.tmp', 'pets.json.lock', 'pets.journal.tmp'])(
  'a folder in the place of %s is renamed with one warning at the start, and changes reach the data file',
  async (name) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    onTestFinished(() => warn.mockRestore())
    const dir = makeDataDir()
    mkdirSync(join(dir.path, name, 'inner'), { recursive: true })
    const store = createFileStore({ dataDir: dir.path })
    await store.start?.()
    await store.create(petOf())
    await store.close()
    expect(Object.keys(dir.json().pets)).toEqual(['1'])
    const aside = readdirSync(dir.path).filter((entry) => entry.startsWith(`${name}.damaged-`))
    expect(aside).toHaveLength(1)
    expect(warn.mock.calls).toEqual([[expect.stringContaining(`${name} is not a file: it was renamed to `)]])
  },
)

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

describe('a damaged journal', () => {
  /** Creates pets of these names, and leaves the data file as it is. */
  const journalOnly = async (dir: DataDir, ...names: string[]) => {
    const folder = openFolder(dir)
    for (const name of names) await set(String(folder.read().seq), { name }).run(folder)
  }

  const damage: [what: string, (journal: string) => string, message: RegExp][] = [
    ['a changed character in the middle', (text) => text.replace('Max', 'Mix'), /damaged after record 1\./],
    ['a missing record', (text) => text.replace(/.*Max.*\n/, ''), /damaged after record 1\./],
    ['a changed beginning', (text) => text.replace('"n":1', '"n":0'), /damaged at its beginning\./],
    ['a line of a person', (text) => text.replace('\n', '\nhello\n'), /damaged after record 1\./],
  ]

  test.each(damage)('(%s) is refused with what to do, and neither file is touched', async (_, change, message) => {
    const dir = makeDataDir()
    const file = `${dir.path}/pets.journal`
    await journalOnly(dir, 'Rex', 'Max', 'Tom')
    const whole = readFileSync(file, 'utf8')
    writeFileSync(file, change(whole))
    const damaged = readFileSync(file, 'utf8')
    const other = createFileStore({ dataDir: dir.path })
    for (const call of [() => other.list(), () => other.create(petOf()), () => other.get('1')]) {
      const error = await call().catch((reason) => reason)
      expect(error).toMatchObject({ code: 'STORE_INVALID', message: expect.stringMatching(message) })
      expect(error.message).toMatch(/Restore it from a backup, or stop all servers and move it away/)
    }
    await other.close()
    expect(readFileSync(file, 'utf8')).toBe(damaged)

    writeFileSync(file, whole)
    expect(await other.list()).toHaveLength(3)
    expect((await other.create(petOf())).id).toBe('4')
  })

  test('moved away leaves what the data file contains', async () => {
    const dir = makeDataDir()
    const store = createFileStore({ dataDir: dir.path })
    await store.create(petOf({ name: 'Rex' }))
    await upToDate(dir, store)
    await journalOnly(dir, 'Max', 'Tom')
    const file = `${dir.path}/pets.journal`
    writeFileSync(file, readFileSync(file, 'utf8').replace('Max', 'Mix'))
    const other = createFileStore({ dataDir: dir.path })
    await expect(other.list()).rejects.toMatchObject({ code: 'STORE_INVALID' })
    renameSync(file, `${file}.damaged`)
    expect((await other.list()).map(({ name }) => name)).toEqual(['Rex'])
    await other.create(petOf({ name: 'Ben' }))
    await other.close()
    expect(Object.values(dir.json().pets).map(({ name }) => name)).toEqual(['Rex', 'Ben'])
  })

  test.each<[how: string, tear: (whole: Buffer, start: number) => Buffer]>([
    ['without its line break', (whole) => whole.subarray(0, -1)],
    ['cut', (whole, start) => whole.subarray(0, start + 5)],
    [
      'with zeros, as a disk leaves what it did not write',
      (whole, start) => Buffer.from(whole).fill(0, start, start + 40),
    ],
  ])('whose last record is torn (%s) loses that, which was never acknowledged', async (_, tear) => {
    const dir = makeDataDir()
    const file = `${dir.path}/pets.journal`
    await journalOnly(dir, 'Rex', 'Max')
    const whole = readFileSync(file)
    writeFileSync(file, tear(whole, whole.lastIndexOf(0x0a, -2) + 1))
    const namesIn = () => Object.values(petsIn(openFolder(dir))).map(({ id, name }) => [id, name])
    expect(namesIn()).toEqual([['1', 'Rex']])
    await journalOnly(dir, 'Tom')
    expect(namesIn()).toEqual([
      ['1', 'Rex'],
      ['2', 'Tom'],
    ])
  })
})
