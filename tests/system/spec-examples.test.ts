import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DAY_MS, RETENTION_MS, WELCOME_NOTES } from '../../src/pets/pet'
import { logLines } from '../support/log-lines'
import { namespaces } from '../support/namespaces'
import { startServer, type TestServer } from '../support/server'
import { answersOf, runCurlBlock } from '../support/shell'
import { waitFor } from '../support/wait-for'

// The examples of the specification, word for word.
const CREATE_BUDDY = `curl -X POST http://localhost:3000/js/pets \\
  -H "Content-Type: application/json" \\
  -d '{
    "name": "Buddy",
    "species": "dog",
    "ageMonths": 24
  }'`
const DELETE_FIRST = 'curl -X DELETE http://localhost:3000/js/pets/1'
const CREATE_WHISKERS = `curl -X POST http://localhost:3000/js/pets \\
  -H "Content-Type: application/json" \\
  -d '{"name": "Whiskers", "species": "cat", "ageMonths": 12}'`
const GET_FIRST = 'curl http://localhost:3000/js/pets/1'
const DELETE_AND_LOOK = `# Soft delete a pet
curl -X DELETE http://localhost:3000/js/pets/1

# Verify pet is marked as deleted but still exists
curl http://localhost:3000/js/pets/1`
const ONE_IN_EACH = `# Create pets in different languages
curl -X POST http://localhost:3000/js/pets -H "Content-Type: application/json" -d '{"name": "JSPet", "species": "dog", "ageMonths": 12}'
curl -X POST http://localhost:3000/ts/pets -H "Content-Type: application/json" -d '{"name": "TSPet", "species": "cat", "ageMonths": 18}'
curl -X POST http://localhost:3000/py/pets -H "Content-Type: application/json" -d '{"name": "PyPet", "species": "bird", "ageMonths": 6}'`
const CREATE_AND_DELETE = `curl -X POST http://localhost:3000/js/pets -H "Content-Type: application/json" -d '{"name": "TestPet", "species": "dog", "ageMonths": 12}'
curl -X DELETE http://localhost:3000/js/pets/1`

let server: TestServer
beforeAll(async () => {
  server = await startServer({ command: ['npm', 'start'] })
})

afterAll(async () => {
  // As a service manager does: npm ends by the signal, and the server stops in order.
  const { ms, hasLeftOthers } = await server.stop()
  expect({ isQuick: ms < 10_000, hasLeftOthers }).toEqual({ isQuick: true, hasLeftOthers: false })
  expect(server.output()).toMatch(/\[INFO] Stopped\n$/)
})

/** The id of the next pet: nothing is purged here, so all that were created are listed. */
const nextId = async (): Promise<string> =>
  String(JSON.parse(await (await fetch(`${server.url}/js/pets`)).text()).length + 1)

describe.each(namespaces)('the examples of the specification, in $namespace', ({ namespace, prefix }) => {
  let id: string
  beforeEach(async () => {
    id = await nextId()
  })

  const curl = async (block: string) =>
    answersOf(await runCurlBlock(block, { url: server.url, namespace, petId: id })).map((answer) => Object(answer))

  const whenJobIsDone = () =>
    waitFor(async () => (await curl(GET_FIRST)).find(({ notes }) => notes === WELCOME_NOTES), {
      what: `the job of pet ${id}`,
    })

  test('Create Pet responds at once, and the job completes the pet', async () => {
    const [created] = await curl(CREATE_BUDDY)
    expect(created).toEqual({
      ...{ id, name: 'Buddy', species: 'dog', ageMonths: 24, status: 'new' },
      ...{ createdAt: expect.any(Number), updatedAt: created.createdAt },
    })
    expect(await whenJobIsDone()).toEqual({
      ...{ id, name: 'Buddy', species: 'dog', ageMonths: 24, status: 'new' },
      ...{ createdAt: created.createdAt, updatedAt: expect.any(Number) },
      notes: "Welcome to our pet store! We'll take great care of this pet.",
      nextFeedingAt: created.createdAt + DAY_MS,
    })
  })

  test('Soft Delete responds with the time of the purge, and the pet can still be seen', async () => {
    await curl(CREATE_BUDDY)
    await whenJobIsDone()
    const [deletion] = await curl(DELETE_FIRST)
    const [again, pet] = await curl(DELETE_AND_LOOK)
    const { deletedAt } = pet
    expect(deletion).toEqual({ message: 'Pet scheduled for deletion', petId: id, purgeAt: deletedAt + RETENTION_MS })
    expect(again).toEqual(deletion)
    expect(pet).toMatchObject({ id, status: 'deleted', deletedAt, purgeAt: deletion.purgeAt, updatedAt: deletedAt })
  })

  test('The console shows what the specification expects of a new pet', async () => {
    const from = server.output().length
    await curl(CREATE_WHISKERS)
    await server.printed(new RegExp(`PostCreateLite job completed { petId: '${id}'.*\\n`), { from })
    const texts = logLines(server.output().slice(from))
      .filter(({ step, text }) => step.startsWith(prefix) && text.includes(`petId: '${id}'`))
      .map(({ text }) => text.replace(/\d{13}/, 'TIME').replace(/Ms: \d+/, 'Ms: N'))
    expect(texts).toContain(`🐾 Pet created { petId: '${id}', name: 'Whiskers', species: 'cat', status: 'new' }`)
    expect(texts).toContain(`🔄 PostCreateLite job started { petId: '${id}', enqueuedAt: TIME }`)
    expect(texts).toContain(`✅ PostCreateLite job completed { petId: '${id}', processingTimeMs: N }`)
  })

  test('Create and delete, for the reaper, leaves a pet that waits for its purge', async () => {
    const [, deletion] = await curl(CREATE_AND_DELETE)
    expect(deletion).toEqual({ message: 'Pet scheduled for deletion', petId: id, purgeAt: expect.any(Number) })
  })
})

test.runIf(namespaces.length === 3)(
  'Of three pets in three languages, each triggers its own language only',
  async () => {
    const answers = answersOf(await runCurlBlock(ONE_IN_EACH, { url: server.url, namespace: 'js' }))
    expect(answers).toMatchObject([{ name: 'JSPet' }, { name: 'TSPet' }, { name: 'PyPet' }])
    const ids = answers.map((answer) => String(Object(answer).id))
    /** The jobs of these pets, by the step that completed them. */
    const jobs = () =>
      logLines(server.output()).flatMap(({ step, text }) => {
        const id = /job completed \{ petId: '(\d+)'/.exec(text)?.[1] ?? ''
        return ids.includes(id) ? [`${step} ${id}`] : []
      })
    await waitFor(() => jobs().length >= 3, { what: 'three jobs', seen: jobs })
    expect(jobs().sort()).toEqual([
      `JsPostCreateLite ${ids[0]}`,
      `PyPostCreateLite ${ids[2]}`,
      `TsPostCreateLite ${ids[1]}`,
    ])
  },
)

test('When a request continues a trace, then its logs, its job and its audit lines have the id of that', async () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  const response = await fetch(`${server.url}/js/pets`, {
    method: 'POST',
    headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
    body: JSON.stringify({ name: 'Rex', species: 'dog', ageMonths: 3 }),
  })
  expect(response.headers.get('x-trace-id')).toBe(traceId)
  const audited = () => server.audit().filter((line) => line.traceId === traceId)
  await waitFor(() => audited().length === 2, { what: 'two lines of the audit trail', seen: audited })
  expect(audited().map(({ topic }) => topic)).toEqual(
    expect.arrayContaining(['js.pet.created', 'js.job.postcreate.completed']),
  )
  const steps = () => logLines(server.output()).flatMap((line) => (line.traceId === traceId ? [line.step] : []))
  await waitFor(() => steps().length === 5, { what: 'the log lines of the trace', seen: steps })
  expect(new Set(steps())).toEqual(new Set(['JsCreatePet', 'JsPostCreateLite']))
})
