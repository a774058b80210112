import { rmSync } from 'node:fs'
import { join } from 'node:path'
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

const countOf = (text: string): number => server.output().split(text).length - 1

beforeEach(async () => {
  // No job of the test before is under way any more, so the store can be emptied as a person would do it.
  await waitFor(() => countOf('Pet created {') === countOf('PostCreateLite job completed {'), { what: 'the last jobs' })
  rmSync(join(server.dataDir, 'pets.json'), { force: true })
})

afterAll(async () => {
  const { code, ms } = await server.stop()
  expect({ code, isQuick: ms < 10_000 }).toEqual({ code: 0, isQuick: true })
})

const jobDone = (id: string) =>
  waitFor(() => server.store().pets[id]?.notes === WELCOME_NOTES && server.store().pets[id], {
    what: `the job of pet ${id}`,
  })

describe.each(namespaces)('the examples of the specification, in $namespace', ({ namespace, prefix }) => {
  const curl = async (block: string) => answersOf(await runCurlBlock(block, server.url, namespace))

  test('Create Pet answers at once, and the job completes the pet', async () => {
    const [created] = await curl(CREATE_BUDDY)
    const createdAt = server.store().pets['1']?.createdAt
    expect(created).toEqual({
      ...{ id: '1', name: 'Buddy', species: 'dog', ageMonths: 24, status: 'new' },
      ...{ createdAt, updatedAt: createdAt },
    })
    await jobDone('1')
    const [completed] = await curl(GET_FIRST)
    expect(completed).toEqual({
      ...{ id: '1', name: 'Buddy', species: 'dog', ageMonths: 24, status: 'new' },
      ...{ createdAt, updatedAt: expect.any(Number) },
      notes: "Welcome to our pet store! We'll take great care of this pet.",
      nextFeedingAt: Number(createdAt) + DAY_MS,
    })
  })

  test('Soft Delete answers with the day of the purge, and the pet can still be seen', async () => {
    await curl(CREATE_BUDDY)
    await jobDone('1')
    const [deletion] = await curl(DELETE_FIRST)
    const [again, pet] = await curl(DELETE_AND_LOOK)
    const { deletedAt } = server.store().pets['1'] ?? {}
    const purgeAt = Number(deletedAt) + RETENTION_MS
    expect(deletion).toEqual({ message: 'Pet scheduled for deletion', petId: '1', purgeAt })
    expect(again).toEqual(deletion)
    expect(pet).toMatchObject({ id: '1', status: 'deleted', deletedAt, purgeAt, updatedAt: deletedAt })
  })

  test('The console shows what the specification expects of a new pet', async () => {
    const from = server.output().length
    await curl(CREATE_WHISKERS)
    await server.printed("PostCreateLite job completed { petId: '1'", { from })
    await server.printed('\n', { from: server.output().lastIndexOf('job completed') })
    const texts = logLines(server.output().slice(from))
      .filter(({ step }) => step.startsWith(prefix))
      .map(({ text }) => text.replace(/\d{13}/, 'TIME').replace(/Ms: \d+/, 'Ms: N'))
    expect(texts).toContain("🐾 Pet created { petId: '1', name: 'Whiskers', species: 'cat', status: 'new' }")
    expect(texts).toContain("🔄 PostCreateLite job started { petId: '1', enqueuedAt: TIME }")
    expect(texts).toContain("✅ PostCreateLite job completed { petId: '1', processingTimeMs: N }")
  })

  test('Create and delete, for the reaper, leaves a pet that waits for its purge', async () => {
    const [, deletion] = await curl(CREATE_AND_DELETE)
    expect(deletion).toEqual({ message: 'Pet scheduled for deletion', petId: '1', purgeAt: expect.any(Number) })
    await jobDone('1')
  })
})

test('Of three pets in three languages, each triggers its own language only', async () => {
  const from = server.output().length
  const answers = answersOf(await runCurlBlock(ONE_IN_EACH, server.url, 'js'))
  expect(answers).toMatchObject([{ name: 'JSPet' }, { name: 'TSPet' }, { name: 'PyPet' }])
  const jobs = () =>
    logLines(server.output().slice(from)).flatMap(({ step, text }) => {
      const id = /job completed \{ petId: '(\d+)'/.exec(text)?.[1]
      return id ? [`${step} ${id}`] : []
    })
  await waitFor(() => jobs().length >= 3, { what: 'three jobs', seen: jobs })
  expect(jobs().sort()).toEqual(['JsPostCreateLite 1', 'PyPostCreateLite 3', 'TsPostCreateLite 2'])
})
