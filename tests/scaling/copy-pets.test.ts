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

const startCopy = async (dataDir: string, from: string, to: string, url?: string): Promise<Child> =>
  startChild([process.execPath, '--import', 'tsx', 'script/copy-pets.ts', '--from', from, '--to', to], {
    cwd: ROOT,
    env: serverEnvironment({ PETS_DATA_DIR: dataDir, REDIS_URL: url ?? (await theRedis()).url }),
  })

const copy = async (...args: Parameters<typeof startCopy>): Promise<{ code: number | null; output: string }> => {
  const child = await startCopy(...args)
  const { code } = await child.exited
  return { code, output: child.output() }
}

/** A data folder with so many pets, among them one that was purged, one that is owed its job and one with a key of its own. */
const folderOf = (count: number, seq = count + 11) => {
  const dataDir = makeTempDir()
  const pets: Record<string, StoredPet> = {}
  for (let id = 1; id <= count; id++) if (id !== 2) pets[id] = buildPet({ id: String(id), name: `Zoë "${id}"` })
  pets[3] = buildPet({ id: '3', owedJob: { namespace: 'py', enqueuedAt: 1 }, colour: 'brown' })
  const file = join(dataDir, 'pets.json')
  writeFileSync(file, JSON.stringify({ seq, pets }))
  return { dataDir, file, content: { seq, pets } }
}

const contentOf = (dataDir: string) => JSON.parse(readFileSync(join(dataDir, 'pets.json'), 'utf8'))

describe('npm run pets:copy', () => {
  test('When pets are copied to Redis and back, then they are the same, and so is the next id', async () => {
    const { dataDir, content } = folderOf(2_500)
    const there = await copy(dataDir, 'file', 'redis')
    expect(there.output).toMatch(/copying +█+ 100 % of 2,499\n/)
    expect(there.output).toMatch(/checking +█+ 100 % of 2,499\n/)
    expect(there.output).toMatch(
      /✓ 2,499 pets of .*pets\.json are in Redis at 127.*, all compared; the next id is 2511\n$/,
    )
    expect(there.code).toBe(0)
    expect(await (await theRedis()).command('ZRANGE', '{pets}:unfinished', '0', '-1')).toEqual(['3'])
    expect(await (await theRedis()).command('EXISTS', '{pets}:copying')).toBe(0)

    const empty = makeTempDir()
    expect(await copy(empty, 'redis', 'file')).toMatchObject({ code: 0 })
    expect(contentOf(empty)).toEqual(content)
  })

  test('When the target holds pets, then nothing is overwritten', async () => {
    const { dataDir } = folderOf(5)
    expect(await copy(dataDir, 'file', 'redis')).toMatchObject({ code: 0 })
    const other = folderOf(9)
    const before = readFileSync(other.file, 'utf8')
    const attempts = [copy(other.dataDir, 'file', 'redis'), copy(other.dataDir, 'redis', 'file')]
    for (const { code, output } of await Promise.all(attempts)) {
      expect(output).toMatch(/✗ .* already holds pets: nothing is overwritten\n$/)
      expect(code).toBe(1)
    }
    expect(readFileSync(other.file, 'utf8')).toBe(before)
    expect(await (await theRedis()).command('HLEN', '{pets}:all')).toBe(4)
  })

  test('When a copy to Redis is cut off, then no server starts on it, and the next copy begins anew and ends well', async () => {
    const { dataDir } = folderOf(30_000)
    const cut = await startCopy(dataDir, 'file', 'redis')
    await waitFor(async () => Number(await (await theRedis()).command('HLEN', '{pets}:all')) > 0, { timeout: 20_000 })
    await cut.stop('SIGKILL')
    expect(await (await theRedis()).command('EXISTS', '{pets}:copying')).toBe(1)
    const back = await copy(makeTempDir(), 'redis', 'file')
    expect(back.output).toMatch(/^✗ Redis at .* holds an unfinished copy: copy into it again, to its end\n$/)
    expect(back.code).toBe(1)
    await (await theRedis()).command('HSET', '{pets}:all', '40000', '{}')

    const server = startChild([process.execPath, '--import', 'tsx', 'src/server/main.ts', 'start'], {
      cwd: ROOT,
      env: serverEnvironment({ PETS_STORE: 'redis', REDIS_URL: (await theRedis()).url, PETS_DATA_DIR: dataDir }),
    })
    expect((await server.exited).code).toBe(1)
    expect(server.output()).toBe(
      '✗ Redis holds an unfinished copy of the pets: run `npm run pets:copy` again, to its end\n',
    )

    const again = await copy(dataDir, 'file', 'redis')
    expect(again.output).toContain('✓ 29,999 pets')
    expect(await (await theRedis()).command('HLEN', '{pets}:all')).toBe(29_999)
  })

  test('When Redis has no memory for them, then one line says so', async () => {
    const { dataDir } = folderOf(20_000)
    const small = await startRedis(['--maxmemory', '3mb'])
    const { code, output } = await copy(dataDir, 'file', 'redis', small.url)
    expect(output).toMatch(/✗ Redis has no memory left to store the change\n$/)
    expect(code).toBe(1)
  })

  test('When there is nothing to read, or nowhere to write, then one line says so', async () => {
    const dataDir = makeTempDir()
    writeFileSync(join(dataDir, 'pets.json'), '{')
    const [broken, same, away] = await Promise.all([
      copy(dataDir, 'file', 'redis'),
      copy(dataDir, 'redis', 'redis'),
      copy(makeTempDir(), 'redis', 'file', 'redis://127.0.0.1:1'),
    ])
    expect(broken.output).toMatch(/^✗ The data file is not valid JSON: .*\n$/)
    expect(same.output).toMatch(/^✗ Say what to copy where\.\nnpm run pets:copy/)
    expect(away.output).toMatch(/^✗ [^\n]*cannot be reached[^\n]*\n$/)
    for (const { code } of [broken, same, away]) expect(code).toBe(1)
  })
})
