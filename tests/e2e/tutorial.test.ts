import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { petsApi } from '../support/pets-api'
import { copyProject } from '../support/project-copy'
import { waitFor } from '../support/wait-for'
import type { Workbench } from './support'
import { continueTo, expectCleanPage, jumpTo, openSettledWorkbench } from './tutorial-page'
import { type ExpectedStep, openTutorial } from './tutorial-walk'

const OPEN_MS = 180_000
/** How long the server and the page may take to notice something, in ms. */
const PATIENCE_MS = 25_000

describe('The tasks for the learner', () => {
  const project = copyProject()
  const job = 'steps/javascript/postcreate-lite.job.step.ts'
  const reaper = 'steps/javascript/deletion-reaper.cron.step.ts'
  let workbench: Workbench
  let steps: ExpectedStep[]

  beforeAll(async () => {
    workbench = await openSettledWorkbench({ server: { root: project.root } })
    steps = await openTutorial(workbench.page)
  }, OPEN_MS)
  afterAll(() => workbench?.close())
  afterEach(() => expectCleanPage(workbench))

  const startTask = async (chapter: string, first: string, title: string): Promise<void> => {
    await jumpTo(workbench.page, chapter)
    await continueTo(workbench.page, steps, first, title)
    await done(0)
  }
  const done = async (count: number): Promise<void> => {
    const task = workbench.page.getByTestId('tutorial-task')
    await waitFor(async () => (await task.getAttribute('data-done', { timeout: 1_000 })) === String(count), {
      what: `${count} things to be done`,
      timeout: PATIENCE_MS,
      seen: workbench.server.output,
    })
  }
  const reloaded = (file: string, times: number) =>
    waitFor(() => workbench.server.output().split(`↻ ${file}`).length > times, {
      what: `reload ${times} of ${file}`,
      timeout: PATIENCE_MS,
      seen: workbench.server.output,
    })
  const createPet = () => petsApi(workbench.server.url, 'js').create({ name: 'Rex', species: 'dog', ageMonths: 36 })

  test('When the learner creates a pet, then the tutorial notices', async () => {
    await startTask('Send a request', 'The endpoints', 'Your turn: create a pet')
    await createPet().expect(201)
    await done(2)
  })

  test('When the learner makes a job fail and retries it, then the tutorial notices', async () => {
    const { page } = workbench
    const line = "throw new Error('No food left')"
    await startTask('Queues and retries', 'Queues', 'Your turn: make a job fail')
    project.edit(job, /^.*jobEnqueuedSchema\.parse.*$/m, `$&\n  ${line}`)
    await reloaded(job, 1)
    await createPet().expect(201)
    await done(2)
    project.edit(job, `\n  ${line}`, '')
    await reloaded(job, 2)
    await page.getByText('js.job.postcreate.enqueued.JsPostCreateLite.dlq').first().click()
    await page.getByRole('button', { name: 'Retry this job' }).first().click()
    await done(3)
  })

  test('When the learner changes the schedule, then the tutorial notices', async () => {
    await startTask('A cron step', 'A cron step', 'Your turn: change the schedule')
    project.edit(reaper, "'0 2 * * *'", "'*/5 * * * * *'")
    await done(1)
    project.edit(reaper, "'*/5 * * * * *'", "'0 2 * * *'")
  })

  test('When the learner edits the file, then the tutorial notices', async () => {
    await startTask('The data', 'The Pets tab', 'Your turn: edit the file')
    const file = join(workbench.server.dataDir, 'pets.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace('"Rex"', '"Rexona"'))
    await done(1)
  })

  test('When the learner changes a step, then the tutorial notices', async () => {
    await startTask('Change the code', 'Your turn: change a step', 'Your turn: change a step')
    project.edit('steps/javascript/create-pet.step.ts', '🐾 Pet created', '🐾 Hello')
    await reloaded('steps/javascript/create-pet.step.ts', 1)
    await createPet().expect(201)
    await done(1)
  })

  test('When the learner types in a field of the page, then the tutorial does not take the arrow keys', async () => {
    const { page } = workbench
    const keys = await page.evaluateHandle(() => {
      const seen: string[] = []
      // As the tutorial does.
      window.addEventListener('keydown', ({ key }) => seen.push(key))
      return seen
    })
    const search = page.getByPlaceholder('Search by Trace ID or Message')
    for (const key of ['ArrowLeft', 'ArrowRight']) await search.press(key)
    await search.blur()
    await page.keyboard.press('Shift')
    expect(await keys.jsonValue()).toEqual(['Shift'])
  })

  test('When the learner has deleted a step, then the tutorial says so at once', async () => {
    const { page } = workbench
    await page.getByTestId('flow-link').click()
    await page.getByTestId('node-jsdeletepet').waitFor()
    rmSync(join(project.root, 'steps/javascript/delete-pet.step.ts'))
    await page.getByTestId('node-jsdeletepet').waitFor({ state: 'detached' })
    await jumpTo(page, 'Soft delete')
    const text = page.locator('.driver-popover-description')
    // Without the notice it would wait four times for what cannot appear: 10 s.
    await text.getByText('This is about the step JsDeletePet').waitFor({ timeout: 5_000 })
    await page.getByRole('heading', { name: 'Soft delete' }).waitFor()
  })
})
