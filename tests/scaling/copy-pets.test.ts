import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { StoredPet } from '../../src/pets/pet'
import { buildPet } from '../store/build-pet'
import { type Child, startChild } from '../support/child'
import { startRedis, type TestRedis } from '../support/redis'
import { ROOT, serverEnvironment } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { waitFor } from '../support/wait-for'

let redis: TestRedis | undefined
const theRedis = async (): Promise<TestRedis> => {
  redis ??= await startRedis()
  return redis
}

beforeEach(async () => {
  await (await theRedis()).command('FLUSHALL')
})

const startCopy = (environment: Record<string, string>, dataDir: string, from: string, to: string): Child =>
  startChild([process.execPath, '--import', 'tsx', 'script/copy-pets.ts', '--from', from, '--to', to], {
    cwd: ROOT,
    env: serverEnvironment({ PETS_DATA_DIR: dataDir, ...environment }),
  })

const copyWith = async (environment: Record<string, string>, dataDir: string, from: string, to: string) => {
  const child = startCopy({ REDIS_URL: (await theRedis()).url, ...environment }, dataDir, from, to)
  const { code } = await child.exited
  return { code, output: child.output() }
}

const copy = (dataDir: string, from: string, to: string) => copyWith({}, dataDir, from, to)

/** A data folder with that many pets. One id is missing, one pet owes an event and has an extra field, and one has a key. */
const folderOf = (count: number, seq = count + 11) => {
  const dataDir = makeTempDir()
  const pets: Record<string, StoredPet> = {}
  for (let id = 1; id <= count; id++) if (id !== 2) pets[id] = buildPet({ id: String(id), name: `Zoë "${id}"` })
  const owed = [{ id: 'event-1', topic: 'py.pet.created', data: { petId: '3' } }]
  pets[3] = buildPet({ id: '3', owed, colour: 'brown' })
  pets[4] = buildPet({ id: '4', idempotency: { key: 'k', body: 'b' } })
  const file = join(dataDir, 'pets.json')
  writeFileSync(file, JSON.stringify({ seq, pets }))
  return { dataDir, file, content: { seq, pets } }
}

const contentOf = (dataDir: string) => JSON.parse(readFileSync(join(dataDir, 'pets.json'), 'utf8'))

describe('npm run pets:copy', () => {
  test('When pets are copied to Redis and back, then they are the same, with the events they owe, and so is the next id', async () => {
    const { dataDir, content } = folderOf(2_500)
    const there = await copy(dataDir, 'file', 'redis')
    expect(there.output).toMatch(/copying +█+ 100 % of 2,499\n/)
    expect(there.output).toMatch(/checking +█+ 100 % of 2,499\n/)
    expect(there.output).toMatch(
      /✓ Copied 2,499 pets from .*pets\.json to Redis at 127.* and compared each; the next id is 2511\n$/,
    )
    expect(there.code).toBe(0)
    expect(await (await theRedis()).command('ZRANGE', '{pets}:owing', '0', '-1')).toEqual(['3'])
    expect(await (await theRedis()).command('HGETALL', '{pets}:by-key')).toEqual(['k', '4'])
    expect(await (await theRedis()).command('EXISTS', '{pets}:copying')).toBe(0)

    const empty = makeTempDir()
    expect(await copy(empty, 'redis', 'file')).toMatchObject({ code: 0 })
    expect(contentOf(empty)).toEqual(content)
  })

  test('When the target contains pets, then nothing is overwritten', async () => {
    const { dataDir } = folderOf(5)
    expect(await copy(dataDir, 'file', 'redis')).toMatchObject({ code: 0 })
    const other = folderOf(9)
    const before = readFileSync(other.file, 'utf8')
    const attempts = [copy(other.dataDir, 'file', 'redis'), copy(other.dataDir, 'redis', 'file')]
    for (const { code, output } of await Promise.all(attempts)) {
      expect(output).toMatch(/✗ .* already has pets, which are not overwritten\n$/)
      expect(code).toBe(1)
    }
    expect(readFileSync(other.file, 'utf8')).toBe(before)
    expect(await (await theRedis()).command('HLEN', '{pets}:all')).toBe(4)
  })

  test('When a copy to Redis is interrupted, then no server starts on it, and the next copy replaces it', async () => {
    const { dataDir } = folderOf(30_000)
    const cut = startCopy({ REDIS_URL: (await theRedis()).url }, dataDir, 'file', 'redis')
    await waitFor(async () => Number(await (await theRedis()).command('HLEN', '{pets}:all')) > 0, { timeout: 20_000 })
    await cut.stop('SIGKILL')
    expect(await (await theRedis()).command('EXISTS', '{pets}:copying')).toBe(1)
    const back = await copy(makeTempDir(), 'redis', 'file')
    expect(back.output).toMatch(/^✗ Redis at .* contains an unfinished copy: complete that copy first\n$/)
    expect(back.code).toBe(1)
    await (await theRedis()).command('HSET', '{pets}:all', '40000', '{}')

    const server = startChild([process.execPath, 'node_modules/motia-runtime/bin/motia-runtime.mjs', 'start'], {
      cwd: ROOT,
      env: serverEnvironment({ REDIS_URL: (await theRedis()).url, PETS_DATA_DIR: dataDir }),
    })
    expect((await server.exited).code).toBe(1)
    expect(server.output()).toBe('✗ Redis contains an unfinished copy of the pets: run `npm run pets:copy` again\n')

    const again = await copy(dataDir, 'file', 'redis')
    expect(again.output).toContain('✓ Copied 29,999 pets')
    expect(await (await theRedis()).command('HLEN', '{pets}:all')).toBe(29_999)
  })

  test('When two stores share a Redis under two names, then a copy into one leaves the other alone', async () => {
    const { dataDir } = folderOf(5)
    const named = (prefix: string) => copyWith({ PETS_REDIS_PREFIX: prefix }, dataDir, 'file', 'redis')
    expect(await named('cats')).toMatchObject({ code: 0 })
    expect(await named('dogs')).toMatchObject({ code: 0 })
    for (const key of ['{cats}:all', '{dogs}:all']) expect(await (await theRedis()).command('HLEN', key)).toBe(4)
    expect(await (await theRedis()).command('EXISTS', '{pets}:all')).toBe(0)
  })

  test('When the prefix belongs to another app, then nothing is copied into it, and an unclaimed prefix is claimed', async () => {
    const { dataDir } = folderOf(5)
    await (await theRedis()).command('SET', 'pets:app', 'kennel')
    const { code, output } = await copy(dataDir, 'file', 'redis')
    expect(output).toMatch(
      /^✗ The prefix "pets" in Redis belongs to the app "kennel", and this app is "motia-pet-store" [^\n]*\n$/,
    )
    expect(code).toBe(1)
    expect(await (await theRedis()).command('KEYS', '*')).toEqual(['pets:app'])

    await (await theRedis()).command('DEL', 'pets:app')
    expect(await copy(dataDir, 'file', 'redis')).toMatchObject({ code: 0 })
    expect(await (await theRedis()).command('GET', 'pets:app')).toBe('motia-pet-store')
  })

  test('When Redis has no memory for them, then one line says so', async () => {
    const { dataDir } = folderOf(20_000)
    const small = await startRedis(['--maxmemory', '3mb'])
    const { code, output } = await copyWith({ REDIS_URL: small.url }, dataDir, 'file', 'redis')
    expect(output).toMatch(/✗ Redis has no memory left to store the change\n$/)
    expect(code).toBe(1)
  })

  test('When there is nothing to read, or nowhere to write, then one line says so', async () => {
    const dataDir = makeTempDir()
    writeFileSync(join(dataDir, 'pets.json'), '{')
    const [broken, same, away, unset] = await Promise.all([
      copy(dataDir, 'file', 'redis'),
      copy(dataDir, 'redis', 'redis'),
      copyWith({ REDIS_URL: 'redis://127.0.0.1:1' }, makeTempDir(), 'redis', 'file'),
      copyWith({ REDIS_URL: '' }, dataDir, 'file', 'redis'),
    ])
    expect(broken.output).toMatch(/^✗ The data file is not valid JSON: .*\n$/)
    expect(same.output).toMatch(/^✗ Copy from one store to the other\.\nUsage: npm run pets:copy/)
    expect(away.output).toMatch(/^✗ [^\n]*cannot be reached[^\n]*\n$/)
    expect(unset.output).toMatch(/^✗ REDIS_URL is not set\. [^\n]*\n$/)
    for (const { code } of [broken, same, away, unset]) expect(code).toBe(1)
  })
})
