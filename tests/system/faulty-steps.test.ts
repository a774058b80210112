import { Queue } from 'bullmq'
import request from 'supertest'
import { beforeAll, describe, expect, test } from 'vitest'
import { petsApi } from '../support/pets-api'
import { copyProject } from '../support/project-copy'
import { startRedis, type TestRedis } from '../support/redis'
import { startServer, type TestServer } from '../support/server'
import { waitFor } from '../support/wait-for'

/** What goes wrong, as the body of an API step's handler; `ctx` is its context. */
const FAULTS: Record<string, string> = {
  throws: `throw new Error('thrown')`,
  rejects: `await Promise.reject(new Error('rejected'))`,
  'throws-no-error': `throw null`,
  'answers-nothing': ``,
  'never-answers': `await new Promise(() => {})`,
  'throws-in-a-timer': `setTimeout(() => { throw new Error('in a timer') }, 10); await new Promise(() => {})`,
  'forgets-a-promise': `void Promise.reject(new Error('forgotten')); await new Promise(() => {})`,
  'throws-too-late': `setTimeout(() => { throw new Error('too late') }, 50); return { status: 200, body: {} }`,
  'emits-undeclared': `await ctx.emit({ topic: 'js.pet.created', data: {} }); return { status: 200, body: {} }`,
  'asks-for-work': `await ctx.emit({ topic: 'faulty.work', data: { a: 1 } }); return { status: 202, body: {} }`,
}

const apiStep = (name: string, body: string): string => `
export const config = {
  type: 'api', name: 'Faulty-${name}', flows: ['faulty'], method: 'POST', path: '/faulty/${name}', emits: ['faulty.work'],
}
export const handler = async (_request: unknown, ctx: any) => {
  ${body}
}
`

const EVENT_STEP = `
export const config = {
  type: 'event', name: 'FaultyWork', flows: ['faulty'], subscribes: ['faulty.work'], input: null, emits: [],
  infrastructure: { handler: { timeout: 5 }, queue: { maxRetries: 1, visibilityTimeout: 10 } },
}
export const handler = async () => {
  throw new Error('work always fails')
}
`

describe.each([
  // In a process of its own a handler can harm nobody, and Motia's runner gives it no deadline.
  { runtime: 'in-process', faults: Object.keys(FAULTS) },
  { runtime: 'process', faults: ['throws', 'rejects', 'throws-in-a-timer', 'emits-undeclared'] },
])('steps that go wrong, run $runtime', ({ runtime, faults }) => {
  let server: TestServer
  let redis: TestRedis
  beforeAll(async () => {
    const project = copyProject()
    for (const [name, body] of Object.entries(FAULTS))
      project.write(`steps/faulty/${name}.step.ts`, apiStep(name, body))
    project.write('steps/faulty/work.step.ts', EVENT_STEP)
    redis = await startRedis()
    server = await startServer({
      root: project.root,
      env: { PETS_STEP_RUNTIME: runtime, PETS_HANDLER_TIMEOUT: '1', REDIS_URL: redis.url },
    })
  })

  const call = (name: string) => request(server.url).post(`/faulty/${name}`).send({})

  const has = (name: string) => faults.includes(name)

  test.each(
    ['throws', 'rejects', 'throws-no-error', 'answers-nothing', 'throws-in-a-timer', 'forgets-a-promise'].filter(has),
  )('When a handler %s, then its own request is a 500, and others go on', async (name) => {
    const other = petsApi(server.url, 'js')
    const [faulty, created] = await Promise.all([call(name), other.create()])
    expect(faulty.status).toBe(500)
    expect(faulty.text).not.toMatch(/thrown|rejected|timer|forgotten|\bat |\.ts/)
    expect(created.status).toBe(201)
    await other.get(created.body.id).expect(200)
    expect(server.isRunning()).toBe(true)
  })

  if (has('never-answers'))
    test('When a handler never answers, then its request is a 503 at its deadline', async () => {
      const start = Date.now()
      const { status, body } = await call('never-answers')
      expect({ status, body }).toEqual({ status: 503, body: { message: 'The request took too long' } })
      expect(Date.now() - start).toBeGreaterThanOrEqual(950)
      await server.printed('Step Faulty-never-answers did not end within 1 s')
    })

  if (has('throws-too-late'))
    test('When a handler throws after its answer, then the log tells and nothing else happens', async () => {
      await call('throws-too-late').expect(200)
      await server.printed('too late')
      await petsApi(server.url, 'py').create().expect(201)
      expect(server.isRunning()).toBe(true)
    })

  test('When a topic is emitted that the step does not declare, then it does not go out, and the log says so', async () => {
    await call('emits-undeclared').expect(200)
    await server.printed(
      'Topic js.pet.created is not among the emits of Faulty-emits-undeclared: the event was not sent',
    )
    const pet = await petsApi(server.url, 'js').createWithJob()
    await waitFor(() => server.audit().some(({ data }) => data.petId === pet.id), { what: 'a later event' })
    expect(server.audit().filter(({ data }) => data.petId === undefined)).toEqual([])
  })

  test('When an event step always fails, then its job ends in the dead-letter queue, and others get done', async () => {
    await call('asks-for-work').expect(202)
    const queue = new Queue('faulty.work.FaultyWork.dlq', { connection: { port: redis.port }, prefix: 'pets' })
    const letter = await waitFor(async () => (await queue.getJobs())[0], { what: 'the dead letter', timeout: 25_000 })
    await queue.close()
    expect(letter.data).toMatchObject({
      originalEvent: { topic: 'faulty.work', data: { a: 1 } },
      failureReason: expect.stringContaining('work always fails'),
      attemptsMade: 2,
    })
    await petsApi(server.url, 'ts').createWithJob()
  })

  test('When all that has happened, then the server still stops with 0', async () => {
    const { code } = await server.stop()
    expect(code).toBe(0)
  })
})
