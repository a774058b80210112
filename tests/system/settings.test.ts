import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startChild } from '../support/child'
import { freePort } from '../support/free-port'
import { petsApi } from '../support/pets-api'
import { isAlive, ROOT, redisPid, serverEnvironment, startServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'

/** Starts the server with a setting that cannot work; answers its exit code and what it printed. */
const failToStart = async (env: Record<string, string>) => {
  const dataDir = makeTempDir()
  const port = String(await freePort())
  const child = startChild([process.execPath, '--import', 'tsx', 'src/server/main.ts', 'start'], {
    cwd: ROOT,
    env: serverEnvironment({ PORT: port, PETS_DATA_DIR: dataDir, ...env }),
  })
  const { code } = await child.exited
  return { code, output: child.output(), dataDir }
}

describe('a setting that cannot work', () => {
  test('When two are wrong, then the server does not start, and one line names both', async () => {
    const { code, output } = await failToStart({ PORT: '0', PETS_STEP_RUNTIME: 'x' })
    expect(output).toMatch(/^✗ PORT .* \(it is "0"\); PETS_STEP_RUNTIME .* \(it is "x"\)\n$/)
    expect(code).toBe(1)
  })

  test('When redis-server is not there, then one line says so', async () => {
    const { code, output } = await failToStart({ REDIS_SERVER: '/nowhere/redis-server' })
    expect(output).toMatch(/^✗ .*\/nowhere\/redis-server.*\n$/)
    expect(code).toBe(1)
  })

  test('When the Redis of REDIS_URL does not answer, then one line says so', async () => {
    const port = await freePort()
    const { code, output } = await failToStart({ REDIS_URL: `redis://127.0.0.1:${port}` })
    expect(output).toMatch(new RegExp(`^✗ Redis at 127\\.0\\.0\\.1:${port} cannot be reached: .*\\n$`))
    expect(code).toBe(1)
  })
})

test('When the port is taken, then the server does not move to another, and leaves no Redis behind', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const address = other.address()
  const port = typeof address === 'object' ? String(address?.port) : ''
  const { code, output, dataDir } = await failToStart({ PORT: port })
  other.close()
  expect(output).toBe(`✗ Port ${port} on 127.0.0.1 is taken: stop what listens there, or set PORT\n`)
  expect(code).toBe(1)
  expect(isAlive(redisPid(dataDir))).toBe(false)
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
    expect(server.output()).toContain(`Data: ${join(server.dataDir, 'pets.json')}`)
  }
  expect(redisPid(one.dataDir)).not.toBe(redisPid(two.dataDir))
  await Promise.all([one.stop(), two.stop()])
})
