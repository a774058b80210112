import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import request from 'supertest'
import { beforeAll, describe, expect, test } from 'vitest'
import { last } from '../support/namespaces'
import { petsApi } from '../support/pets-api'
import { copyProject, type ProjectCopy } from '../support/project-copy'
import { ROOT, startServer, type TestServer } from '../support/server'
import { waitFor } from '../support/wait-for'

const preload = pathToFileURL(`${ROOT}/tests/support/preload/print-timers.mjs`).href

const REAPER = 'steps/javascript/deletion-reaper.cron.step.ts'

describe('a change that is saved while npm run dev runs', () => {
  let project: ProjectCopy
  let server: TestServer
  beforeAll(async () => {
    project = copyProject()
    const starting = startServer({ mode: 'dev', root: project.root, env: { NODE_OPTIONS: `--import ${preload}` } })
    await waitFor(() => existsSync(join(project.root, '.motia/in-process/steps')), {
      what: 'the steps to be compiled',
      timeout: 20_000,
      interval: 5,
    })
    project.edit('steps/javascript/delete-pet.step.ts', 'Pet soft deleted', 'Pet softly deleted')
    server = await starting
  })

  /** Saves an edit, and waits until the server has logged that it loaded the file. */
  const save = async (file: string, text: string | RegExp, replacement: string, says = `↻ ${file}`) => {
    const from = server.output().length
    project.edit(file, text, replacement)
    await server.printed(says, { from })
  }

  const timers = async (): Promise<number> => {
    const from = server.output().length
    process.kill(server.pid, 'SIGUSR2')
    const output = await server.printed(/TIMERS \d+;/, { from })
    return Number(/(\d+);$/.exec(output)?.[1])
  }

  test('When it was made while the server started, then it still takes effect', async () => {
    await server.printed('↻ steps/javascript/delete-pet.step.ts')
    const { body } = await petsApi(server.url, 'js').create().expect(201)
    await petsApi(server.url, 'js').remove(body.id).expect(202)
    await server.printed('Pet softly deleted')
  })

  test('When it is in a step, then the next request runs it', async () => {
    await save('steps/javascript/create-pet.step.ts', '🐾 Pet created', '🐾 Pet was created')
    const from = server.output().length
    await petsApi(server.url, 'js').create().expect(201)
    await server.printed('🐾 Pet was created', { from })
  })

  test('When it is in a module that steps import, however indirectly, then they all run it, and still share one store', async () => {
    await save(
      'src/pets/pet.ts',
      'Welcome to our pet store!',
      'Welcome, welcome!',
      `↻ steps/${last.folder}/postcreate-lite`,
    )
    const { body } = await petsApi(server.url, last.namespace).create().expect(201)
    const pet = await waitFor(
      async () => {
        const { body: now } = await petsApi(server.url, last.namespace).get(body.id).expect(200)
        return now.notes ? now : null
      },
      { what: 'the notes' },
    )
    expect(pet.notes).toMatch(/^Welcome, welcome!/)
    await petsApi(server.url, 'js').get(body.id).expect(200, pet)
    await request(server.url).get('/health').expect(200)
  })

  test('When it adds a field to the schemas, then the OpenAPI document has the field', async () => {
    const newPet = async () => {
      const { body } = await request(server.url).get('/openapi.json').expect(200)
      return body.components.schemas.NewPet.properties
    }
    expect(await newPet()).not.toHaveProperty('colour')
    await save(
      'src/pets/pet.ts',
      '  ageMonths:',
      '  colour: z.string().optional(),\n  ageMonths:',
      '↻ steps/javascript/create',
    )
    await waitFor(async () => (await newPet()).colour, { what: 'the new field', seen: newPet })
  })

  test('When it moves a route, then the new path responds and the old one does not', async () => {
    await save('steps/javascript/get-pets.step.ts', "path: '/js/pets'", "path: '/js/all-pets'")
    await request(server.url).get('/js/all-pets').expect(200)
    await request(server.url).get('/js/pets').expect(405)
    await save('steps/javascript/get-pets.step.ts', "path: '/js/all-pets'", "path: '/js/pets'")
    await request(server.url).get('/js/pets').expect(200)
  })

  test('When it does not compile, then the error is printed, the last good version serves, and repairing it works', async () => {
    const file = 'steps/javascript/get-pet.step.ts'
    const { body } = await petsApi(server.url, 'js').create().expect(201)
    await save(file, 'export const handler', 'export konst handler', 'The last good version stays in service')
    expect(server.output()).toMatch(/✗ steps\/javascript\/get-pet\.step\.ts:\d+:\d+: /)
    await petsApi(server.url, 'js').get(body.id).expect(200)
    await save(file, 'export konst handler', 'const said = 200\nexport const handler')
    await petsApi(server.url, 'js').get(body.id).expect(200)
  })

  test('When it throws as soon as it is imported, then the last good version serves', async () => {
    const file = 'steps/javascript/get-pet.step.ts'
    await save(file, 'const said = 200', "throw new Error('not today')", 'The last good version stays in service')
    expect(server.output()).toContain('not today')
    await petsApi(server.url, 'js').get('1').expect(200)
    await save(file, "throw new Error('not today')", 'const said = 201')
    await petsApi(server.url, 'js').get('1').expect(200)
  })

  test('When it is the schedule of a reaper, then the reaper follows it', async () => {
    await save(REAPER, /cron: '.*'/, "cron: '* * * * * *'")
    await waitFor(() => server.audit().some(({ topic }) => topic === 'js.reaper.completed'), {
      what: 'a run of the reaper',
      timeout: 15_000,
    })
    await save(REAPER, "cron: '* * * * * *'", "cron: '0 2 * * *'")
  })

  describe('in files that come and go', () => {
    const COPY = 'steps/javascript/count-pets.step.ts'
    const types = () => readFileSync(join(project.root, 'types.d.ts'), 'utf8')
    const expectGone = (path: string) => request(server.url).get(path).expect(404, { message: 'Not found' })

    /** Writes a file, or removes it, and waits until the server has logged it. */
    const put = async (file: string, text: string | null, says: string) => {
      const from = server.output().length
      if (text === null) rmSync(join(project.root, file))
      else project.write(file, text)
      await server.printed(says, { from })
    }
    const original = () => readFileSync(join(project.root, 'steps/javascript/get-pets.step.ts'), 'utf8')
    const renamed = () => original().replaceAll('JsListPets', 'JsAllPets')

    test('When a step is copied, then the copy is refused until it is edited, and then it serves and has a place in the flow', async () => {
      await put(
        COPY,
        original(),
        `✗ ${COPY}: the name JsListPets is already used by the step in steps/javascript/get-pets`,
      )
      await put(COPY, renamed(), `✗ ${COPY}: GET /js/pets is already served by the step in steps/javascript/get-pets`)
      await put(COPY, renamed().replace("path: '/js/pets'", "path: '/js/all-pets'"), `+ ${COPY}`)
      const { body } = await request(server.url).get('/js/all-pets').expect(200)
      expect(body).toEqual((await petsApi(server.url, 'js').list()).body)
      await petsApi(server.url, 'js').create().expect(201)
      expect(types()).toContain("'JsAllPets'")
      const placeOfCopy = () =>
        JSON.parse(readFileSync(join(project.root, 'motia-workbench.json'), 'utf8'))[0].config[COPY]
      const place = await waitFor(placeOfCopy, { what: 'its place' })
      expect(place).toEqual({ x: expect.any(Number), y: expect.any(Number) })
    })

    test('When a new step does not compile, then the others continue to serve, and it serves once it is repaired', async () => {
      const file = 'steps/javascript/hello.step.ts'
      const hello = `export const config = { type: 'api', name: 'JsHello', method: 'GET', path: '/js/hello', emits: [], flows: ['pets'] }
export const handler = async () => ({ status: 200, body: { hello: 'world' } })`
      await put(file, hello.replace('export const handler', 'export konst handler'), 'The last good version stays')
      await petsApi(server.url, 'js').list().expect(200)
      await expectGone('/js/hello')
      await put(file, hello, `+ ${file}`)
      await request(server.url).get('/js/hello').expect(200, { hello: 'world' })
      await put(file, null, `- ${file}`)
      await expectGone('/js/hello')
    })

    test('When an event step is added, then it gets the events of its topic until it is removed', async () => {
      const file = 'steps/javascript/greeter.job.step.ts'
      const step = `export const config = { type: 'event', name: 'JsGreeter', subscribes: ['js.pet.created'], emits: [], flows: ['pets'] }
export const handler = async (input: unknown, { logger }: { logger: { info(text: string, data: unknown): void } }) => logger.info('Hello', input)`
      await put(file, step, `+ ${file}`)
      const { body } = await petsApi(server.url, 'js').create().expect(201)
      await server.printed(`JsGreeter Hello { type: 'pet.created', petId: '${body.id}'`)
      await put(file, null, `- ${file}`)
      const { body: next } = await petsApi(server.url, 'js').create().expect(201)
      await server.printed(`PostCreateLite job completed { petId: '${next.id}'`)
      expect(server.output()).not.toMatch(new RegExp(`JsGreeter Hello .*petId: '${next.id}'`))
    })

    test('When a step is removed, then its route and its types go with it', async () => {
      await put(COPY, null, `- ${COPY}`)
      await expectGone('/js/all-pets')
      await petsApi(server.url, 'js').list().expect(200)
      expect(types()).not.toContain("'JsAllPets'")
    })
  })

  test('When it is saved again and again, then no timer of an old version is left', async () => {
    const before = await timers()
    for (let round = 0; round < 5; round += 1) {
      await save(REAPER, /cron: '.*'/, "cron: '1 2 * * *'")
      await save(REAPER, "cron: '1 2 * * *'", "cron: '0 2 * * *'")
    }
    await waitFor(async () => (await timers()) <= before, {
      what: `at most ${before} timers`,
      seen: () => server.output().slice(-200),
    })
  })
})
