import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { petsApi } from '../support/pets-api'
import { startRedis } from '../support/redis'
import { ROOT, RUNTIME, refusalOf, startServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'

describe('a setting that cannot be used', () => {
  test.each<{ what: string; env: Record<string, string>; says: unknown }>([
    {
      what: 'two are invalid',
      env: { PORT: '0', PETS_STEP_RUNTIME: 'x' },
      says: 'PORT must be an integer from 1 to 65535 (it is "0"); PETS_STEP_RUNTIME must be in-process or process (it is "x")',
    },
    {
      what: 'PETS_STORE is set, which is gone',
      env: { PETS_STORE: 'redis' },
      says: 'PETS_STORE was removed: set REDIS_URL to keep the pets in Redis, or leave it out to keep them in PETS_DATA_DIR',
    },
    {
      what: 'REDIS_SERVER is set, which is gone',
      env: { REDIS_SERVER: '/usr/bin/redis-server' },
      says: 'REDIS_SERVER was removed: to use a Redis server, start it and set REDIS_URL to its address',
    },
    {
      what: 'other machines can reach HOST, and there are no keys',
      env: { HOST: '0.0.0.0' },
      says: 'HOST 0.0.0.0 is reachable from other machines: set PETS_API_KEYS=name:secret to require a key, or PETS_OPEN=1 to allow everybody',
    },
    {
      what: 'HOST is no address of this machine',
      env: { HOST: '203.0.113.7', PETS_OPEN: '1' },
      says: 'HOST 203.0.113.7 is not an address of this machine (EADDRNOTAVAIL)',
    },
    {
      what: 'HOST is a name that nobody knows',
      env: { HOST: 'no-such-host.invalid', PETS_OPEN: '1' },
      says: expect.stringMatching(
        /^HOST no-such-host\.invalid is not an address of this machine \((ENOTFOUND|EAI_AGAIN)\)$/,
      ),
    },
  ])('When $what, then the server does not start, and one line says what to do', async ({ env, says }) => {
    const [line = '', ...others] = (await refusalOf({ env })).split('\n')
    expect(line.slice(0, 2)).toBe('✗ ')
    expect(line.slice(2)).toEqual(says)
    expect(others).toEqual([''])
  })

  test('When the port is taken, then the server does not move to another one, and leaves nothing behind', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = Object(other.address())
    const dataDir = makeTempDir()
    const output = await refusalOf({ port, dataDir })
    other.close()
    expect(output).toBe(`✗ Port ${port} on 127.0.0.1 is taken: stop the server that uses it, or set PORT\n`)
    expect(existsSync(join(dataDir, 'pets.journal'))).toBe(false)
  })

  test.skipIf(process.platform !== 'linux')('When the user may not use the port, then one line says so', async () => {
    const ownUsers = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
    const output = await refusalOf({
      port: 80,
      env: { HOST: '0.0.0.0', PETS_OPEN: '1' },
      // A network of its own has the kernel's default for the ports that need a privilege.
      command: [
        ...['unshare', ...ownUsers, '--net', 'setpriv', '--bounding-set', '-net_bind_service'],
        ...[process.execPath, RUNTIME, 'start'],
      ],
    })
    expect(output).toBe('✗ This user may not use port 80: set PORT to 1024 or more\n')
  })

  test('When a variable looks like a setting but is not one, then a warning names it, and the server starts', async () => {
    const server = await startServer({ env: { PETS_TRACE_LIMITS: '5' } })
    expect(server.output()).toMatch(/⚠ PETS_TRACE_LIMITS is not a setting of this project[^\n]*\n.* ready on http/)
    await server.stop()
  })
})

describe('what a server loads and starts', () => {
  const preload = pathToFileURL(`${ROOT}/tests/support/preload/record-loads.mjs`).href
  /** The packages of the clients and queues of Redis. */
  const REDIS_PACKAGES = /node_modules\/(bullmq|ioredis|redis|@redis\/\w+)\//
  /** The compiler of the steps, from npm. */
  const COMPILER = /^program \S+\/esbuild$/

  const loadsOf = async (env: Record<string, string>): Promise<string[]> => {
    const log = join(makeTempDir(), 'loads.log')
    const server = await startServer({ env: { NODE_OPTIONS: `--import ${preload}`, LOADS_LOG: log, ...env } })
    await petsApi(server.url, 'js').createWithJob()
    expect((await server.stop()).code).toBe(0)
    return readFileSync(log, 'utf8').trimEnd().split('\n')
  }

  test('When there is no REDIS_URL, then nothing but Node is needed, and no client of Redis is loaded', async () => {
    const loads = await loadsOf({ PATH: '/nowhere' })
    expect(loads.filter((line) => /^module \S+\/express\//.test(line))).not.toEqual([])
    expect(loads.filter((line) => REDIS_PACKAGES.test(line))).toEqual([])
    expect(loads.filter((line) => line.startsWith('program ') && !COMPILER.test(line))).toEqual([])
  })

  test('When there is a REDIS_URL, then those are loaded, and no program is started either', async () => {
    const redis = await startRedis()
    const loads = await loadsOf({ PATH: '/nowhere', REDIS_URL: redis.url })
    const packages = new Set(loads.map((line) => REDIS_PACKAGES.exec(line)?.[1]))
    for (const name of ['bullmq', 'ioredis']) expect(packages).toContain(name)
    expect(loads.filter((line) => line.startsWith('program ') && !COMPILER.test(line))).toEqual([])
  })
})

test('When two servers run from one checkout with folders of their own, then neither sees anything of the other', async () => {
  const [one, two] = await Promise.all([startServer(), startServer({ mode: 'dev' })])
  await petsApi(one.url, 'js').createWithJob({ name: 'One', species: 'dog', ageMonths: 1 })
  await petsApi(two.url, 'js').createWithJob({ name: 'Two', species: 'cat', ageMonths: 2 })
  for (const [server, name, other] of [
    [one, 'One', 'Two'],
    [two, 'Two', 'One'],
  ] as const) {
    const { body } = await petsApi(server.url, 'js').list().expect(200)
    expect(body).toMatchObject([{ id: '1', name }])
    await server.printed('PostCreateLite job completed')
    expect(server.output()).not.toContain(`name: '${other}'`)
    expect(JSON.stringify(server.audit())).not.toContain(other)
    expect(server.output()).toContain(`   Data: ${server.dataDir}\n`)
  }
  await Promise.all([one.stop(), two.stop()])
})
