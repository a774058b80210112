import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { locateFeatures, stepFiles } from '../../tutorial/features/step-files'
import { buildPet } from '../store/build-pet'
import { petsApi } from '../support/pets-api'
import { copyProject } from '../support/project-copy'
import { ROOT } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { waitFor } from '../support/wait-for'
import { openWorkbench, settled, type Workbench, type WorkbenchOptions } from './support'
import { checkStep, type ExpectedStep, openTutorial, shownStep } from './tutorial-walk'

const OPEN_MS = 180_000
const WALK_MS = 240_000

/** The lines of a feature, by the name of the step in lower case. */
const linesOf = ({ step, feature }: { step: string; feature: string }): number[] => {
  const file = stepFiles.find(({ path }) => {
    const source = readFileSync(join(ROOT, path), 'utf8')
    return /^ {2}name: '(\w+)'/m.exec(source)?.[1]?.toLowerCase() === step
  })
  const found = file && locateFeatures(ROOT, file).find(({ id }) => id === feature)
  if (!found) throw new Error(`${step} has no feature ${feature}`)
  const [first = 0, last = first] = found.lines[0].split('-').map(Number)
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

/** What a step shows, by its title. */
type Sights = Map<string, (page: Page) => Promise<void>>

const sees = async (page: Page, testId: string, texts: string[]): Promise<void> => {
  for (const text of texts) await page.getByTestId(testId).getByText(text).first().waitFor()
}

const traceHolds = async (page: Page, steps: string[]): Promise<void> => {
  expect(new Set(await page.getByTestId('trace-timeline-item').allInnerTexts())).toEqual(new Set(steps))
}

const opensMakeItYours = async (page: Page): Promise<void> => {
  const [opened] = await Promise.all([
    page.waitForEvent('popup'),
    page.getByRole('button', { name: 'docs/make-it-yours.md' }).click(),
  ])
  expect(await opened.textContent('body')).toContain('# Make it yours')
  await opened.close()
}

const RESPONSE = 'endpoint-response-container'

/** What the steps show if the tutorial creates the pet of this id. */
const sights = (id: number): Sights =>
  new Map<string, (page: Page) => Promise<void>>([
    ['A bad request', (page) => sees(page, RESPONSE, ['400', 'must not be blank', 'must be one of dog, cat, bird'])],
    ['201 Created', (page) => sees(page, RESPONSE, ['201', `"${id}"`, '"Buddy"', '"new"'])],
    ['The result', (page) => sees(page, RESPONSE, ['200', `"${id}"`, '"notes"', '"nextFeedingAt"'])],
    ['The trace', (page) => traceHolds(page, ['JsCreatePet', 'JsPostCreateLite', 'JsAuditTrail'])],
    ['Inside a step', (page) => sees(page, 'sidebar-panel', ['🐾 Pet created', 'emit'])],
    ['The logs', (page) => sees(page, 'logs-container', ['🐾 Pet created', '✅ Next feeding reminder set'])],
    ['Structured logging', (page) => sees(page, 'sidebar-panel', ['JsPostCreateLite', 'nextFeedingAt'])],
    ['Queues', (page) => page.getByRole('heading', { name: 'enqueued.JsPostCreateLite' }).waitFor()],
    ['202 Accepted', (page) => sees(page, RESPONSE, ['202', `"${id}"`, '"purgeAt"'])],
    ['Restored', (page) => sees(page, RESPONSE, ['200', `"${id}"`, '"available"'])],
    ['One store', (page) => sees(page, RESPONSE, ['201', '"Monty"'])],
    ['Isolation', (page) => traceHolds(page, ['PyCreatePet', 'PyPostCreateLite', 'PyAuditTrail'])],
    ['The Pets tab', (page) => page.getByTestId(`pet-${id}`).waitFor()],
    ['Your next change', opensMakeItYours],
    ['What happened', (page) => sees(page, 'pets-audit', ['js.pet.created', 'js.pet.soft.deleted'])],
  ])

const expectWhole = (steps: ExpectedStep[]): void => {
  expect(steps.length).toBeGreaterThanOrEqual(35)
  expect(steps.length).toBeLessThanOrEqual(40)
}

const look = async (page: Page, steps: ExpectedStep[], index: number, seen: Sights): Promise<void> => {
  const step = steps[index]
  if (!step) throw new Error(`There is no step ${index}`)
  const shown = await shownStep(page, steps, index)
  checkStep(shown, step, step.code && linesOf(step.code))
  await seen.get(step.title)?.(page)
}

/** The browser reports the request that the tutorial sends to be refused. */
const isRefusal = (error: string): boolean => error.includes('status of 400 (Bad Request)')

const expectCleanPage = ({ errors, foreignRequests }: Workbench): void => {
  expect(errors.filter((error) => !isRefusal(error))).toEqual([])
  expect(foreignRequests).toEqual([])
}

/** Opens the Workbench, and forgets the errors of a page that reloaded itself at a first start. */
const openSettledWorkbench = async (options?: WorkbenchOptions): Promise<Workbench> => {
  const workbench = await openWorkbench(options)
  workbench.errors.length = 0
  return workbench
}

/** Presses Continue until the step of this title is shown. */
const continueTo = async (page: Page, steps: ExpectedStep[], from: string, title: string): Promise<void> => {
  let index = steps.findIndex((step) => step.title === from)
  await shownStep(page, steps, index)
  while (steps[index]?.title !== title) {
    await page.getByRole('button', { name: 'Continue' }).click()
    index += 1
    await shownStep(page, steps, index)
  }
}

const jumpTo = (page: Page, chapter: string) =>
  page.getByLabel('Chapter').evaluate((select: HTMLSelectElement, title) => {
    const option = [...select.options].find(({ text }) => text.endsWith(title))
    if (!option) throw new Error(`There is no chapter ${title}`)
    Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value')?.set?.call(select, option.value)
    select.dispatchEvent(new Event('change', { bubbles: true }))
  }, chapter)

describe('From an empty store, at 1440 x 900', () => {
  let workbench: Workbench
  let steps: ExpectedStep[]

  beforeAll(async () => {
    workbench = await openSettledWorkbench()
    steps = await openTutorial(workbench.page)
  }, OPEN_MS)
  afterAll(() => workbench?.close())

  test('When a learner walks through, then each step shows what its text says', { timeout: WALK_MS }, async () => {
    const { page, server } = workbench
    expectWhole(steps)
    for (const index of steps.keys()) {
      await look(page, steps, index, sights(1))
      if (index < steps.length - 1) await page.getByRole('button', { name: 'Continue' }).click()
    }
    expectCleanPage(workbench)
    const { pets } = server.store()
    expect(Object.keys(pets)).toEqual(['1', '2'])
    expect(pets['1']).toMatchObject({ name: 'Buddy', status: 'available', notes: expect.any(String) })
    expect(pets['2']).toMatchObject({ name: 'Monty', species: 'other', ageMonths: 6 })
  })

  test('When a learner jumps to a chapter and goes back, then no request is sent again', async () => {
    const { page, server } = workbench
    const sent: string[] = []
    page.on('request', (request) => {
      if (/\/(js|ts|py)\/pets/.test(request.url())) sent.push(request.url())
    })
    const before = server.store()
    await jumpTo(page, 'An event step')
    await continueTo(page, steps, 'An event step', 'The result')
    const index = steps.findIndex(({ title }) => title === 'The result')
    for (let at = index; steps[at + 1]?.title !== 'A bad request'; at--) {
      await look(page, steps, at, sights(1))
      await page.getByTestId('tutorial-back').click()
    }
    expect(sent).toEqual([])
    expect(server.store()).toEqual(before)
    expectCleanPage(workbench)
  })

  test('When it is closed and the page is loaded again, then it goes on where the learner left', async () => {
    const { page } = workbench
    await jumpTo(page, 'Traces and logs')
    const index = steps.findIndex(({ title }) => title === 'The trace')
    await look(page, steps, index, sights(1))
    await page.keyboard.press('Escape')
    await page.locator('.driver-popover').waitFor({ state: 'hidden' })
    await page.reload()
    await settled(page)
    await page.getByTestId('tutorial-trigger').click()
    await look(page, steps, 0, new Map())
    await page.getByText(`Go on at step ${index + 1}`).click()
    await look(page, steps, index, sights(1))
    await page.keyboard.press('ArrowLeft')
    await look(page, steps, index - 1, new Map())
    await page.keyboard.press('ArrowRight')
    await look(page, steps, index, sights(1))
  })
})

describe('From a store of 50 pets, at 1280 x 720, and a Workbench that was left in disorder', () => {
  let workbench: Workbench
  const fifty = Array.from({ length: 50 }, (_, index) => buildPet({ id: `${index + 1}`, name: `Pet ${index + 1}` }))

  beforeAll(async () => {
    const dataDir = makeTempDir()
    const pets = Object.fromEntries(fifty.map((pet) => [pet.id, pet]))
    writeFileSync(join(dataDir, 'pets.json'), `${JSON.stringify({ seq: 51, pets }, null, 2)}\n`)
    workbench = await openSettledWorkbench({
      theme: 'light',
      viewport: { width: 1280, height: 720 },
      server: { dataDir },
    })
    await disarrange(workbench.page)
  }, OPEN_MS)
  afterAll(() => workbench?.close())

  test('When a learner walks through, then each step shows what its text says, and no other pet changes', {
    timeout: WALK_MS,
  }, async () => {
    const { page, server } = workbench
    const steps = await openTutorial(page)
    expectWhole(steps)
    for (const index of steps.keys()) {
      await look(page, steps, index, sights(51))
      if (index < steps.length - 1) await page.keyboard.press('ArrowRight')
    }
    expectCleanPage(workbench)
    const { pets } = server.store()
    expect(Object.values(pets).slice(0, 50)).toEqual(fifty)
    expect(pets['51']).toMatchObject({ name: 'Buddy', status: 'available' })
    expect(Object.keys(pets)).toHaveLength(52)
  })
})

describe('On a phone, at 390 x 844', () => {
  let workbench: Workbench

  beforeAll(async () => {
    workbench = await openSettledWorkbench({ viewport: { width: 390, height: 844 } })
  }, OPEN_MS)
  afterAll(() => workbench?.close())

  test('When a learner walks through, then each step shows what its text says', { timeout: WALK_MS }, async () => {
    const { page } = workbench
    const steps = await openTutorial(page)
    for (const index of steps.keys()) {
      await look(page, steps, index, sights(1))
      if (index < steps.length - 1) await page.getByRole('button', { name: 'Continue' }).click()
    }
    expectCleanPage(workbench)
  })
})

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
      timeout: 25_000,
      seen: workbench.server.output,
    })
  }
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
    await waitFor(() => workbench.server.output().includes(`↻ ${job}`), { what: 'the reload' })
    await createPet().expect(201)
    await done(2)
    project.edit(job, `\n  ${line}`, '')
    await waitFor(() => workbench.server.output().split(`↻ ${job}`).length > 2, { what: 'the reload' })
    await page.getByText('js.job.postcreate.enqueued.JsPostCreateLite.dlq').first().click()
    await page.getByRole('button', { name: /retry/i }).first().click()
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
    await waitFor(() => workbench.server.output().includes('↻ steps/javascript/create-pet'), { what: 'the reload' })
    await createPet().expect(201)
    await done(1)
  })
})

/** Leaves searches that find nothing, a moved flow view, an open sidebar and a closed panel. */
const disarrange = async (page: Page): Promise<void> => {
  await page.getByPlaceholder('Search by Trace ID or Step Name').fill('nothing like that')
  await page.getByTestId('endpoints-link').click()
  await page.getByPlaceholder('Search by Method or Path').fill('nothing like that')
  await page.getByTestId('queues-link').click()
  await page.getByPlaceholder('Search queues...').fill('nothing like that')
  await page.getByTestId('flow-link').click()
  await page.getByTestId('open-code-preview-button-tsgetpet').click()
  await page.getByTestId('sidebar-panel').waitFor()
  await page.mouse.move(200, 250)
  await page.mouse.wheel(0, -600)
  await page.getByTestId('states-link').click()
  await page.locator('#bottom-panel').getByLabel('Collapse panel').click()
  await page.locator('#bottom-panel').getByLabel('Expand panel').waitFor()
}
