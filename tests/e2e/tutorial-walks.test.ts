import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StoredPet } from '../../src/pets/pet'
import { locateFeatures, stepFiles } from '../../tutorial/features/step-files'
import { buildPet } from '../store/build-pet'
import { petsApi } from '../support/pets-api'
import { ROOT, startServer, type TestServer } from '../support/server'
import { waitFor } from '../support/wait-for'
import { replaceStore, settled, type Workbench } from './support'
import { continueTo, expectCleanPage, jumpTo, openSettledWorkbench } from './tutorial-page'
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
  const shown = async () => new Set(await page.getByTestId('trace-timeline-item').allInnerTexts())
  await expect.poll(shown).toEqual(new Set(steps))
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

/** All walks use one server, since it compiles the Workbench for its first page alone. The store of each begins as it says. */
let server: TestServer
beforeAll(async () => {
  server = await startServer({ mode: 'dev' })
})
afterAll(() => server?.stop())

describe('From an empty store, at 1440 x 900', () => {
  let workbench: Workbench
  let steps: ExpectedStep[]

  beforeAll(async () => {
    workbench = await openSettledWorkbench({ server })
    steps = await openTutorial(workbench.page)
  }, OPEN_MS)
  afterAll(() => workbench?.close())

  test('When a learner walks through, then each step shows what its text says', { timeout: WALK_MS }, async () => {
    const { page } = workbench
    expectWhole(steps)
    for (const index of steps.keys()) {
      await look(page, steps, index, sights(1))
      if (index < steps.length - 1) await page.getByRole('button', { name: 'Continue' }).click()
    }
    // A learner who has reached the end is not asked to resume.
    expect(await page.evaluate(() => localStorage.getItem('pets-tutorial-step'))).toBeNull()
    expectCleanPage(workbench)
    const { pets } = server.store()
    expect(Object.keys(pets)).toEqual(['1', '2'])
    expect(pets['1']).toMatchObject({ name: 'Buddy', status: 'available', notes: expect.any(String) })
    expect(pets['2']).toMatchObject({ name: 'Monty', species: 'other', ageMonths: 6 })
  })

  test('When a learner jumps to a chapter and goes back, then no request is sent again', async () => {
    const { page } = workbench
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

  test('When it is closed and the page is loaded again, then it resumes at the step where the learner left', async () => {
    const { page } = workbench
    await jumpTo(page, 'Traces and logs')
    const index = steps.findIndex(({ title }) => title === 'The trace')
    await look(page, steps, index, sights(1))
    await page.keyboard.press('Escape')
    await page.locator('.driver-popover').waitFor({ state: 'hidden' })
    await page.reload()
    await settled(page)
    await openTutorial(page)
    await look(page, steps, 0, new Map())
    await page.getByText(`Resume at step ${index + 1}`).click()
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
    await storeOnly(fifty, 51)
    workbench = await openSettledWorkbench({ server, theme: 'light', viewport: { width: 1280, height: 720 } })
    await disarrange(workbench.page)
  }, OPEN_MS)
  afterAll(() => workbench?.close())

  test('When a learner walks through, then each step shows what its text says, and no other pet changes', {
    timeout: WALK_MS,
  }, async () => {
    const { page } = workbench
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
    await storeOnly([], 101)
    workbench = await openSettledWorkbench({ server, viewport: { width: 390, height: 844 } })
  }, OPEN_MS)
  afterAll(() => workbench?.close())

  test('When a learner walks through, then each step shows what its text says', { timeout: WALK_MS }, async () => {
    const { page } = workbench
    const steps = await openTutorial(page)
    for (const index of steps.keys()) {
      await look(page, steps, index, sights(101))
      if (index < steps.length - 1) await page.getByRole('button', { name: 'Continue' }).click()
    }
    expectCleanPage(workbench)
  })
})

/** Replaces the store by these pets, and waits until the server has them. The next pet gets the id `seq`. */
const storeOnly = async (pets: readonly StoredPet[], seq: number): Promise<void> => {
  replaceStore(server, JSON.stringify({ seq, pets: Object.fromEntries(pets.map((pet) => [pet.id, pet])) }, null, 2))
  await waitFor(async () => (await petsApi(server.url, 'js').list()).body.length === pets.length, {
    what: `the server to have ${pets.length} pets`,
  })
}

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
