import { beforeAll, describe, expect, test } from 'vitest'
import { namespaces } from '../support/namespaces'
import { startServer, type TestServer } from '../support/server'
import { eventsSuite } from './suites/events-suite'
import { petsSuite } from './suites/pets-suite'
import type { Scope } from './suites/scope'
import { validationSuite } from './suites/validation-suite'

const [js, ts, py] = namespaces.map((one): Scope => ({ namespaces: [one], atMost: 2 }))
if (!js || !ts || !py) throw new Error('There are three namespaces')
const everything = { namespaces, atMost: Number.POSITIVE_INFINITY }

/**
 * One suite for both runtimes. In process all of it runs in every namespace; the stock runner starts a process for each
 * call, so there each part runs in one.
 */
describe.each([
  { runtime: 'in-process', says: 'steps run in process', scopes: [everything, everything, everything] as const },
  { runtime: 'process', says: 'steps run in processes of their own', scopes: [js, ts, py] as const },
])('steps that run $runtime', ({ runtime, says, scopes }) => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ env: { PETS_STEP_RUNTIME: runtime } })
  })

  test('The server says how steps run', () => {
    expect(server.output()).toContain(`${says}\n`)
  })

  petsSuite(() => server, scopes[0])
  validationSuite(() => server, scopes[1])
  eventsSuite(() => server, scopes[2])

  test('When all that is done, then no error was printed and the server stops with 0', async () => {
    const errors = server.output().split('\n')
    expect(errors.filter((line) => /\[ERROR]|Unexpected|failed/.test(line))).toEqual([])
    const { code } = await server.stop()
    expect(code).toBe(0)
  })
})
