import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Queue } from 'bullmq'
import request from 'supertest'
import { beforeAll, describe, expect, test } from 'vitest'
import { petsApi } from '../support/pets-api'
import { copyProject } from '../support/project-copy'
import { startRedis } from '../support/redis'
import { type ServerOptions, startServer, type TestServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { waitFor } from '../support/wait-for'

/** The faults, as bodies of an API step's handler. `ctx` is its context. */
const FAULTS: Record<string, string> = {
  throws: `throw new Error('thrown')`,
  rejects: `await Promise.reject(new Error('rejected'))`,
  'throws-no-error': `throw null`,
  'returns-nothing': ``,
  'never-returns': `await new Promise(() => {})`,
  'throws-in-a-timer': `setTimeout(() => { throw new Error('in a timer') }, 10); await new Promise(() => {})`,
  'forgets-a-promise': `void Promise.reject(new Error('forgotten')); await new Promise(() => {})`,
  'throws-too-late': `setTimeout(() => { throw new Error('too late') }, 50); return { status: 200, body: {} }`,
  'emits-undeclared': `await ctx.emit({ topic: 'js.pet.created', data: {} }); return { status: 200, body: {} }`,
  'emits-a-cycle': `const data: any = {}; data.self = data; await ctx.emit({ topic: 'faulty.work', data })`,
  'asks-for-work': `await ctx.emit({ topic: 'faulty.work', data: req.body }); return { status: 202, body: {} }`,
}

const apiStep = (name: string, body: string): string => `
export const config = {
  type: 'api', name: 'Faulty-${name}', flows: ['faulty'], method: 'POST', path: '/faulty/${name}', emits: ['faulty.work'],
}
export const handler = async (req: any, ctx: any) => {
  ${body}
}
`

const EVENT_STEP = `
export const config = {
  type: 'event', name: 'FaultyWork', flows: ['faulty'], subscribes: ['faulty.work'], input: null, emits: [],
  infrastructure: { handler: { timeout: 1 }, queue: { maxRetries: 1, visibilityTimeout: 2, concurrency: 1 } },
}
export const handler = async ({ fault }: any, { logger }: any) => {
  logger.info('Work begins: ' + fault)
  if (fault === 'kills') process.kill(process.pid, 'SIGKILL')
  const until = Date.now() + 3_000
  if (fault === 'blocks') while (Date.now() < until);
  throw new Error('work always fails')
}
`

let root: string
beforeAll(() => {
  const project = copyProject()
  for (const [name, body] of Object.entries(FAULTS)) project.write(`steps/faulty/${name}.step.ts`, apiStep(name, body))
  project.write('steps/faulty/work.step.ts', EVENT_STEP)
  root = project.root
})

const call = ({ url }: TestServer, name: string, body: object = {}) => request(url).post(`/faulty/${name}`).send(body)

describe('API steps that go wrong', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ root, env: { PETS_HANDLER_TIMEOUT: '2' } })
  })

  test.each([
    'throws',
    'rejects',
    'throws-no-error',
    'returns-nothing',
    'throws-in-a-timer',
    'forgets-a-promise',
    'emits-a-cycle',
  ])('When a handler %s, then its own request is a 500, and others go on', async (name) => {
    const other = petsApi(server.url, 'js')
    const [faulty, created] = await Promise.all([call(server, name), other.create()])
    expect(faulty.status).toBe(500)
    expect(faulty.text).not.toMatch(/thrown|rejected|timer|forgotten|\bat |\.ts/)
    expect(created.status).toBe(201)
    await other.get(created.body.id).expect(200)
    expect(server.isRunning()).toBe(true)
  })

  test('When a handler never returns, then its request is a 503 at its deadline', async () => {
    const start = Date.now()
    const { status, body } = await call(server, 'never-returns')
    expect({ status, body }).toEqual({ status: 503, body: { message: 'The request took too long' } })
    expect(Date.now() - start).toBeGreaterThanOrEqual(1_950)
    await server.printed('Step Faulty-never-returns did not end within 2 s')
  })

  test('When a handler throws after its response, then the error is logged and nothing else happens', async () => {
    await call(server, 'throws-too-late').expect(200)
    await server.printed('too late')
    await petsApi(server.url, 'js').create().expect(201)
    expect(server.isRunning()).toBe(true)
  })

  test('When a topic is emitted that the step does not declare, then it is not sent, and the log says so', async () => {
    await call(server, 'emits-undeclared').expect(200)
    await server.printed(
      'Topic js.pet.created is not among the emits of Faulty-emits-undeclared: the event was not sent',
    )
    const pet = await petsApi(server.url, 'js').createWithJob()
    await waitFor(() => server.audit().some(({ data }) => data.petId === pet.id), { what: 'a later event' })
    expect(server.audit().filter(({ data }) => data.petId === undefined)).toEqual([])
  })

  test('When all that has happened, then the server still stops with 0', async () => {
    expect((await server.stop()).code).toBe(0)
  })
})

/** The data and the attempts of the dead letters of `FaultyWork`. */
type ReadLetters = () => Promise<unknown[]>

const inFolder = async (): Promise<{ options: ServerOptions; letters: ReadLetters }> => {
  const dataDir = makeTempDir()
  const letters = async () => {
    const lines = readFileSync(join(dataDir, 'dead-letters.jsonl'), 'utf8').trimEnd().split('\n')
    return lines.map((line) => JSON.parse(line).add).map(({ event, attempts }) => ({ data: event.data, attempts }))
  }
  return { options: { dataDir }, letters }
}

const inRedis = async (): Promise<{ options: ServerOptions; letters: ReadLetters }> => {
  const redis = await startRedis()
  const letters = async () => {
    const connection = { port: redis.port }
    const queue = new Queue('faulty.work.FaultyWork.dlq', { connection, prefix: 'pets:queues' })
    const jobs = await queue.getJobs()
    await queue.close()
    return jobs.map(({ data }) => ({ data: data.originalEvent.data, attempts: data.attemptsMade }))
  }
  return { options: { env: { REDIS_URL: redis.url } }, letters }
}

const LOCATIONS = [
  { where: 'the folder', make: inFolder },
  { where: 'Redis', make: inRedis },
]

const countIn = (text: string, part: string): number => text.split(part).length - 1

describe.concurrent.each(LOCATIONS)('an event step that fails, with its queue in $where', ({ make }) => {
  test('When it always fails, or blocks the server for longer than it may run, then its event ends as a dead letter, and others are handled', async () => {
    const { options, letters } = await make()
    const server = await startServer({ root, ...options })
    await call(server, 'asks-for-work', { fault: 'fails' }).expect(202)
    await call(server, 'asks-for-work', { fault: 'blocks' }).expect(202)
    const found = await waitFor(async () => (await letters()).length >= 2 && (await letters()), {
      what: 'two dead letters',
      timeout: 20_000,
      seen: server.output,
    })
    expect(found).toContainEqual({ data: { fault: 'fails' }, attempts: 2 })
    expect(found).toContainEqual({ data: { fault: 'blocks' }, attempts: 2 })
    await petsApi(server.url, 'js').createWithJob()
    for (const fault of ['fails', 'blocks']) expect(countIn(server.output(), `Work begins: ${fault}`)).toBe(2)
    expect(server.output()).toMatch(/FaultyWork.* dead letter.* after 2 attempts: work always fails/)
    expect((await server.stop()).code).toBe(0)
  }, 30_000)

  test('When it kills the server, then after two starts its event is a dead letter, and the next server stays up', async () => {
    const { options, letters } = await make()
    let starts = 0
    const start = () => {
      starts += 1
      return startServer({ root, ...options })
    }
    let server = await start()
    // The server may be gone before it has sent its response.
    await call(server, 'asks-for-work', { fault: 'kills' }).catch(() => {})
    const found = await waitFor(
      async () => {
        if (!server.isRunning()) server = await start()
        return (await letters())[0]
      },
      { what: 'the dead letter', timeout: 25_000, interval: 100, seen: () => server.output() },
    )
    expect(found).toEqual({ data: { fault: 'kills' }, attempts: 2 })
    expect(starts).toBe(3)
    await petsApi(server.url, 'js').createWithJob()
    expect((await server.stop()).code).toBe(0)
  }, 40_000)
})
