import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { locateFeatures, stepFiles } from '../../tutorial/features/step-files'
import { buildPet } from '../store/build-pet'
import { ROOT } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { openWorkbench, type Workbench, type WorkbenchOptions } from './support'
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

/** What a walk looks at beside what every step promises, by the title of the step. */
type Sights = Map<string, (page: Page) => Promise<void>>

const sees = async (page: Page, testId: string, texts: string[]): Promise<void> => {
  for (const text of texts) await page.getByTestId(testId).getByText(text).first().waitFor()
}

const traceHolds = async (page: Page, steps: string[]): Promise<void> => {
  expect(new Set(await page.getByTestId('trace-timeline-item').allInnerTexts())).toEqual(new Set(steps))
}

const RESPONSE = 'endpoint-response-container'

/** The sights of a walk that creates the pet of this id. */
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
    ['As it happened', (page) => sees(page, 'pets-audit', ['js.pet.soft.deleted', 'py.pet.created'])],
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

/** The request that the tutorial gets refused on purpose is an error to the browser. */
const isRefusal = (error: string): boolean => error.includes('status of 400 (Bad Request)')

const expectCleanPage = ({ errors, unexpectedRequests }: Workbench): void => {
  expect(errors.filter((error) => !isRefusal(error))).toEqual([])
  expect(unexpectedRequests()).toEqual([])
}

/** Opens the Workbench, and forgets what went wrong while the page reloaded itself at a first start. */
const openSettledWorkbench = async (options?: WorkbenchOptions): Promise<Workbench> => {
  const workbench = await openWorkbench(options)
  workbench.errors.length = 0
  return workbench
}

describe('From an empty store, in the dark', () => {
  let workbench: Workbench
  let steps: ExpectedStep[]

  beforeAll(async () => {
    workbench = await openSettledWorkbench()
    steps = await openTutorial(workbench.page)
  }, OPEN_MS)
  afterAll(() => workbench?.close())

  test('each step shows what it speaks of, from the first to the last', { timeout: WALK_MS }, async () => {
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

  test('and then from the last to the first', { timeout: WALK_MS }, async () => {
    const { page } = workbench
    for (const index of [...steps.keys()].reverse()) {
      await look(page, steps, index, sights(1))
      if (index > 0) await page.getByTestId('tutorial-back').click()
    }
    expectCleanPage(workbench)
  })

  test('When it is closed and opened again, then it begins anew', async () => {
    const { page } = workbench
    await page.keyboard.press('Escape')
    await page.locator('.driver-popover').waitFor({ state: 'hidden' })
    await page.getByTestId('tutorial-trigger').click()
    await look(page, steps, 0, new Map())
    await page.keyboard.press('ArrowRight')
    await look(page, steps, 1, new Map())
    await page.keyboard.press('ArrowLeft')
    await look(page, steps, 0, new Map())
  })

  test('Who has never closed it is welcomed by it', async () => {
    const { page } = workbench
    await page.evaluate(() => localStorage.removeItem('motia-tutorial-closed'))
    await page.reload()
    await look(page, steps, 0, new Map())
    expectCleanPage(workbench)
  })
})

describe('From a store of 50 pets, in light, and a Workbench that was left in disarray', () => {
  let workbench: Workbench
  const fifty = Array.from({ length: 50 }, (_, index) => buildPet({ id: `${index + 1}`, name: `Pet ${index + 1}` }))

  beforeAll(async () => {
    const dataDir = makeTempDir()
    const pets = Object.fromEntries(fifty.map((pet) => [pet.id, pet]))
    writeFileSync(join(dataDir, 'pets.json'), `${JSON.stringify({ seq: 51, pets }, null, 2)}\n`)
    workbench = await openSettledWorkbench({ theme: 'light', server: { dataDir } })
    await disarrange(workbench.page)
  }, OPEN_MS)
  afterAll(() => workbench?.close())

  test('each step shows what it speaks of, and no other pet is touched', { timeout: WALK_MS }, async () => {
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
