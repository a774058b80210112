import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildPet } from '../store/build-pet'
import { petsApi } from '../support/pets-api'
import { startRedis } from '../support/redis'
import { startServer } from '../support/server'
import { waitFor } from '../support/wait-for'
import { expectAccessible, expectNoSeriousIssue } from './accessibility'
import { openWorkbench, replaceStore, type Workbench } from './support'

/** How long the page may take to show something, in ms. */
const PATIENCE_MS = 30_000

let workbench: Workbench

beforeAll(async () => {
  workbench = await openWorkbench()
  workbench.page.setDefaultTimeout(PATIENCE_MS)
}, 180_000)

afterAll(() => workbench?.close())

const openTab = (name: string): Promise<void> => workbench.page.getByTestId(`${name}-link`).click()

const inTab = (testId: string): Locator => workbench.page.getByTestId(testId)

const postPet = async (namespace: string, pet: object): Promise<string> => {
  const response = await fetch(`${workbench.server.url}/${namespace}/pets`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(pet),
  })
  expect(response.status).toBe(201)
  const { id }: { id: string } = await response.json()
  return id
}

/** Returns the pet of that name. From the API: the data file may lag behind by a second. */
const petNamed = async (wanted: string): Promise<{ id: string }> => {
  const pets: { id: string; name: string }[] = await (await fetch(`${workbench.server.url}/js/pets`)).json()
  const found = pets.find(({ name }) => name === wanted)
  if (!found) throw new Error(`There is no pet ${wanted}`)
  return found
}

/** Chooses an option of one of the Workbench's selects. */
const choose = async (within: Locator, label: string, option: string): Promise<void> => {
  await within.getByLabel(label, { exact: true }).click()
  await workbench.page.getByRole('option', { name: option, exact: true }).click()
}

describe('The Workbench’s own tabs', { timeout: 120_000 }, () => {
  test('When a request is sent in the Endpoints tab, then it shows the 201, without the internet', async () => {
    const { page } = workbench
    await openTab('endpoints')
    await page.getByTestId('endpoint-POST-/ts/pets').click()
    await page.getByTestId('endpoint-body-tab').click()
    await page.locator('.monaco-editor .view-line').first().waitFor()
    await page.evaluate((body) => {
      // Typed text would be completed by the editor: it closes braces and quotes itself.
      const [editor] = Reflect.get(window, 'monaco').editor.getEditors()
      editor.setValue(body)
    }, '{"name": "Endpoint", "species": "cat", "ageMonths": 7}')
    await page.locator('.monaco-editor .view-line').getByText('"Endpoint"').waitFor()
    await page.getByTestId('endpoint-play-button').click()
    await page.getByTestId('endpoint-response-container').getByText('201', { exact: true }).waitFor()
    expect(await petNamed('Endpoint')).toMatchObject({ species: 'cat', ageMonths: 7 })
  })

  test('When a trace is opened, then it shows the API step, the job that it queued and the audit trail', async () => {
    const { page } = workbench
    await openTab('tracing')
    await inTab('traces-container').getByText('TsCreatePet').first().click()
    const details = inTab('trace-details')
    for (const step of ['TsCreatePet', 'TsPostCreateLite', 'TsAuditTrail']) {
      await details.getByText(step, { exact: true }).first().waitFor()
    }
    // The audit trail has two events.
    await expect.poll(() => page.getByTestId('trace-timeline-item').count()).toBe(4)
  })

  test('When traces were never opened, then the list calls none of them running', async () => {
    for (const name of ['Ada', 'Bea', 'Cem']) await postPet('js', { name, species: 'cat', ageMonths: 1 })
    await openTab('tracing')
    const badges = inTab('traces-container').getByText('running', { exact: true })
    await badges.first().waitFor({ state: 'attached' })
    await expect.poll(() => badges.locator('visible=true').count(), { timeout: PATIENCE_MS }).toBe(0)
  })

  test('When a pet is created, then the Logs tab shows the lines of the console', async () => {
    await openTab('logs')
    const rows = inTab('logs-container')
    for (const line of [
      '🐾 Pet created',
      '🔄 PostCreateLite job started',
      '🔄 Setting next feeding reminder',
      '✅ Next feeding reminder set',
      '✅ PostCreateLite job completed',
    ]) {
      await rows.getByText(line).first().waitFor()
    }
  })

  test('When the Queues tab is opened, then it shows the queues of every namespace', async () => {
    const { page, server } = workbench
    const namespaces = ['js', 'ts', 'py']
    for (const namespace of namespaces) await postPet(namespace, { name: 'Queued', species: 'other', ageMonths: 1 })
    const isDone = (namespace: string) =>
      server.audit().some(({ topic }) => topic === `${namespace}.job.postcreate.completed`)
    await waitFor(() => namespaces.every(isDone), { what: 'the jobs to be done' })
    await openTab('queues')
    for (const namespace of namespaces) {
      await page.getByText(`${namespace}.job.postcreate.enqueued`).first().waitFor()
      await page.getByText(`${namespace}.pet.created`).first().waitFor()
    }
  })
})

describe('The page around the tabs', { timeout: 120_000 }, () => {
  const isAccessible = (what: string) => expectNoSeriousIssue(workbench.page, 'body', what)
  const openCode = async () => {
    await openTab('flow')
    await workbench.page.getByTestId('open-code-preview-button-jscreatepet').focus()
    await workbench.page.keyboard.press('Enter')
    await inTab('sidebar-panel').waitFor()
  }
  const showQueue = async () => {
    await openTab('queues')
    await workbench.page.getByRole('button', { name: 'js.pet.created.JsAuditTrail' }).click()
    await workbench.page.getByRole('heading', { name: 'js.pet.created.JsAuditTrail' }).waitFor()
  }

  test('When only the keyboard is used, then features, endpoints and steps of a trace can be opened', async () => {
    const { page } = workbench
    await openCode()
    await page.locator('[data-feature-id="schemas"]').press('Enter')
    await page.locator('[data-line-number][style*="background"]').first().waitFor()
    await isAccessible('code')
    await openTab('endpoints')
    await page.getByTestId('endpoint-GET-/py/pets').press('Enter')
    await page.getByTestId('endpoint-play-button').press('Enter')
    await inTab('endpoint-response-container').getByText('200', { exact: true }).waitFor()
    await openTab('tracing')
    await inTab('trace-details').getByText('PyListPets').first().waitFor()
    await page.getByTestId('trace-timeline-item').first().press('Enter')
    await inTab('sidebar-panel').waitFor()
    await isAccessible('endpoint and trace')
    await page.getByTestId('close-panel').press('Enter')
    await showQueue()
    await openTab('logs')
    await isAccessible('queue and logs')
    await openTab('states')
    await isAccessible('states')
  })

  test('When the window is as narrow as a phone, then nothing is cut off, and code leaves the tabs free', async () => {
    const { page } = workbench
    const wide = page.viewportSize()
    await page.setViewportSize({ width: 390, height: 844 })
    const expectInWindow = async (part: Locator) => {
      for (const one of await part.all()) {
        const { x, width } = (await one.boundingBox()) ?? { x: -1, width: 0 }
        expect(x, String(part)).toBeGreaterThanOrEqual(0)
        expect(x + width, String(part)).toBeLessThanOrEqual(390)
      }
    }
    try {
      await showQueue()
      await expectInWindow(page.getByRole('button', { name: 'Pause' }))
      await expectInWindow(page.getByRole('heading', { name: 'js.pet.created.JsAuditTrail' }))
      await page.getByRole('tab', { name: /^Completed/ }).click()
      await page.getByRole('cell', { name: 'js.pet.created' }).first().waitFor()
      await expectInWindow(page.getByRole('columnheader'))
      for (const tab of ['flow', 'endpoints', 'pets', 'queues', 'tracing', 'states', 'logs']) {
        await expectInWindow(page.getByTestId(`${tab}-link`))
      }
      await expectInWindow(page.getByRole('button', { name: 'Collapse panel' }))
      await openTab('logs')
      await expectInWindow(inTab('logs-container').getByRole('button', { name: 'Clear' }))
      await expectInWindow(page.getByTestId('msg-0'))
      await page.getByTestId('log-row').first().click()
      await inTab('sidebar-panel').waitFor()
      await openTab('endpoints')
      await inTab('sidebar-panel').waitFor({ state: 'detached' })
      await openTab('tracing')
      await expectInWindow(page.getByTestId('trace-details'))
      await expectInWindow(page.getByTestId('trace-timeline-item'))
      await openCode()
      // The flow fits itself to that width, at which the names of its steps can be read.
      expect((await page.locator('.react-flow').boundingBox())?.width).toBeGreaterThan(1000)
      const tabs = await page.getByTestId('endpoints-link').boundingBox()
      const code = await inTab('sidebar-panel').boundingBox()
      expect(code?.y).toBeGreaterThanOrEqual((tabs?.y ?? 0) + (tabs?.height ?? 0))
      await expectInWindow(inTab('sidebar-panel'))
      await openTab('pets')
      await inTab('pets-page').getByRole('button', { name: 'New pet' }).click()
      await expectInWindow(inTab('pets-create').getByRole('button'))
      await choose(inTab('pets-create'), 'Species', 'bird')
      await inTab('pets-page').getByRole('button', { name: 'New pet' }).click()
      await inTab('pets-create').waitFor({ state: 'detached' })
    } finally {
      await page.setViewportSize(wide ?? { width: 1440, height: 900 })
    }
  })
})

describe('The Pets tab', { timeout: 120_000 }, () => {
  const table = () => inTab('pets-table')
  const audit = () => inTab('pets-audit').getByTestId('audit-line')
  const answer = () => inTab('pets-answer')
  const record = () => inTab('pet-record')
  const row = (id: string) => inTab(`pet-${id}`)
  const isAccessible = () => expectAccessible(workbench.page, '[data-testid="pets-page"]')

  beforeAll(async () => {
    await openTab('pets')
    await postPet('ts', { name: 'Tessa', species: 'cat', ageMonths: 3 })
    await table().getByText('Tessa').waitFor()
  })

  test('When a pet is created, then it appears at once, and its notes and audit lines follow by themselves', async () => {
    const tab = inTab('pets-page')
    await tab.getByRole('button', { name: 'New pet' }).click()
    const form = inTab('pets-create')
    await choose(tab, 'Namespace of the requests', '/py/pets')
    await form.getByLabel('Name').fill('Polly')
    await choose(form, 'Species', 'bird')
    await form.getByLabel('Age in months').fill('30')
    await form.getByRole('button', { name: 'POST /py/pets' }).click()
    await answer().getByText('POST /py/pets → 201').waitFor()
    const { id } = await petNamed('Polly')
    await row(id).getByText('Welcome to our pet store!').waitFor()
    for (const text of ['Polly', 'bird', '2 y 6 mo', 'new', '23 h 59 min']) {
      await row(id).getByText(text, { exact: true }).waitFor()
    }
    await audit().getByText('py.pet.created').first().waitFor()
    await audit()
      .filter({ hasText: 'py.job.postcreate.completed' })
      .filter({ hasText: `pet ${id}` })
      .waitFor()
    expect(await form.count()).toBe(0)
    await isAccessible()
  })

  test('When an endpoint refuses a request, then the page says why', async () => {
    const tab = inTab('pets-page')
    await tab.getByRole('button', { name: 'New pet' }).click()
    const form = inTab('pets-create')
    await form.getByLabel('Name').fill(' ')
    await form.getByLabel('Age in months').fill('old')
    await form.getByRole('button', { name: /POST/ }).click()
    await tab.getByRole('alert').getByText('→ 400').waitFor()
    const text = await answer().textContent()
    expect(text).toContain('name must not be blank')
    expect(text).toContain('ageMonths must be a finite number')
    await isAccessible()
    await tab.getByRole('button', { name: 'New pet' }).click()
    // Chromium notes every refused request on the console.
    const noted = workbench.errors.splice(0)
    expect(noted).toEqual([expect.stringContaining('status of 400')])
  })

  test('When a pet is edited, gets another status, is deleted and restored, then the table shows it', async () => {
    const id = await postPet('js', { name: 'Rex', species: 'dog', ageMonths: 5 })
    await choose(inTab('pets-page'), 'Namespace of the requests', '/js/pets')
    await row(id).getByText('Welcome').waitFor()
    await row(id).getByRole('button').click()
    await isAccessible()
    await record().getByLabel('Name').fill('Rexona')
    await record().getByRole('button', { name: 'Save' }).click()
    await row(id).getByText('Rexona').waitFor()
    await choose(record(), 'Change status', 'pending')
    await row(id).getByText('pending').waitFor()
    await record().getByRole('button', { name: 'Delete' }).click()
    await answer().getByText(`DELETE /js/pets/${id} → 202`).waitFor()
    await row(id).getByText('deleted').waitFor()
    expect(await record().getByRole('button', { name: 'Delete' }).isDisabled()).toBe(true)
    await row(id).getByText('29 d 23 h').waitFor()
    await isAccessible()
    await record().getByRole('button', { name: 'Restore' }).click()
    await row(id).getByText('available').waitFor()
    expect(await petNamed('Rexona')).toMatchObject({ id, status: 'available' })
    expect(await record().getByRole('button', { name: 'Restore' }).isDisabled()).toBe(true)
  })

  test('When only the keyboard is used, then a pet is created once, and opened and closed', async () => {
    const { page, server } = workbench
    const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '')
    const count = () => Object.values(server.store().pets).filter(({ name }) => name === 'Keys').length
    await inTab('pets-page').getByRole('button', { name: 'New pet' }).focus()
    await page.keyboard.press('Enter')
    await inTab('pets-create').waitFor()
    await page.keyboard.press('Escape')
    await inTab('pets-create').waitFor({ state: 'detached' })
    await expect.poll(focused).toBe('New pet')
    await page.keyboard.press('Enter')
    await inTab('pets-create').waitFor()
    await page.keyboard.type('Keys')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Enter')
    await table().getByText('Keys').waitFor()
    await waitFor(() => count() > 0, { what: 'the pet in the file' })
    expect(count()).toBe(1)
    await table().getByRole('button', { name: 'Keys' }).focus()
    await page.keyboard.press('Enter')
    await record().getByRole('button', { name: 'Delete' }).focus()
    await page.keyboard.press('Enter')
    await record().getByText('deleted', { exact: true }).first().waitFor()
    await page.keyboard.press('Escape')
    await record().waitFor({ state: 'detached' })
    await expect.poll(focused).toBe('Keys')
  })

  test('When a pet or a namespace is chosen, then the audit trail shows only its lines', async () => {
    const id = await postPet('js', { name: 'Solo', species: 'cat', ageMonths: 1 })
    await row(id).getByRole('button').click()
    await waitFor(async () => (await audit().count()) === 2, { what: 'the two lines of the pet' })
    expect(await audit().allTextContents()).toEqual([
      expect.stringMatching(/js\.job\.postcreate\.completed.*pet /),
      expect.stringMatching(/js\.pet\.created.*pet /),
    ])
    await workbench.page.getByRole('button', { name: 'Close' }).click()
    await choose(inTab('pets-audit'), 'Namespace of the audit trail', 'ts')
    await waitFor(async () => (await audit().allTextContents()).every((text) => text.includes('ts.')), {
      what: 'nothing but lines of ts',
    })
    expect(await audit().count()).toBeGreaterThanOrEqual(2)
    await choose(inTab('pets-audit'), 'Namespace of the audit trail', 'every namespace')
  })

  test('When the trace of a line is clicked, then the Tracing tab shows it', async () => {
    const traceId = workbench.server.audit().find(({ topic }) => topic === 'py.pet.created')?.traceId
    if (!traceId) throw new Error('The audit trail has no py.pet.created')
    await audit().filter({ hasText: 'py.pet.created' }).getByRole('button', { name: traceId }).click()
    await inTab('trace-details').getByText('PyPostCreateLite').waitFor()
  })

  test('When the pets are searched and filtered, then the table shows only those found', async () => {
    const tab = inTab('pets-page')
    await tab.getByLabel('Search pets').fill('polly')
    await waitFor(async () => (await table().locator('.pets-row').count()) === 1, { what: 'Polly alone' })
    await choose(tab, 'Filter by species', 'cat')
    await tab.getByText('No pets match').waitFor()
    await isAccessible()
    await tab.getByLabel('Search pets').fill('')
    await choose(tab, 'Filter by status', 'new')
    await table().getByText('Tessa').waitFor()
    const rows = await table().locator('.pets-row').allTextContents()
    expect(rows.filter((row) => row.includes('cat') && row.includes('new'))).toEqual(rows)
    await choose(tab, 'Filter by species', 'every species')
    await choose(tab, 'Filter by status', 'every status')
  })

  test('When a person edits the file, then the table shows it, or what is wrong with the file', async () => {
    const tab = inTab('pets-page')
    const before = readFileSync(join(workbench.server.dataDir, 'pets.json'), 'utf8')
    replaceStore(workbench.server, before.replaceAll('Tessa', 'Edited by hand'))
    await table().getByText('Edited by hand').waitFor()
    replaceStore(workbench.server, '{')
    await tab.getByRole('alert').getByText('The data file is not valid JSON').waitFor()
    expect(await tab.getByText(/No pet|Loading/).count()).toBe(0)
    await isAccessible()
    replaceStore(workbench.server, before)
    await table().getByText('Tessa').waitFor()
    expect(await tab.locator('.pets-problem').count()).toBe(0)
  })

  test('When there are 5,000 pets, then only the rows in view are drawn, wherever the table is scrolled to', async () => {
    const { page } = workbench
    const before = readFileSync(join(workbench.server.dataDir, 'pets.json'), 'utf8')
    const pets = Array.from({ length: 5_000 }, (_, index) =>
      buildPet({ id: String(index + 1), name: `Pet ${index + 1}` }),
    )
    const text = JSON.stringify({ seq: 5_001, pets: Object.fromEntries(pets.map((pet) => [pet.id, pet])) }, null, 2)
    replaceStore(workbench.server, text)
    await inTab('pets-count').getByText('5000', { exact: true }).waitFor()
    const seen = await inTab('pets-scroller').evaluate(async (scroller) => {
      const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))
      let [mostRows, blankFrames] = [0, 0]
      for (let top = 0; top < scroller.scrollHeight; top += scroller.scrollHeight / 50) {
        scroller.scrollTop = top
        await frame()
        await frame()
        mostRows = Math.max(mostRows, scroller.querySelectorAll('.pets-row').length)
        const { left, top: above, height } = scroller.getBoundingClientRect()
        if (!document.elementFromPoint(left + 200, above + height / 2)?.closest('.pets-row')) blankFrames += 1
      }
      return { mostRows, blankFrames }
    })
    expect(seen.mostRows).toBeLessThan(100)
    expect(seen.blankFrames).toBe(0)
    await inTab('pets-scroller').evaluate((scroller) => scroller.scrollTo(0, scroller.scrollHeight))
    await row('5000').waitFor()
    await page.getByLabel('Search pets').fill('pet 4321')
    await row('4321').waitFor()
    await page.getByLabel('Search pets').fill('')
    replaceStore(workbench.server, before)
    await table().getByText('Tessa').waitFor()
  })

  test('When requests come faster than the page can draw them, then the Tracing tab shows the latest', async () => {
    await openTab('tracing')
    await workbench.page.getByPlaceholder('Search by Trace ID').fill('')
    const send = async (count: number) => {
      for (let sent = 0; sent < count; sent++) await fetch(`${workbench.server.url}/ts/pets/0`)
    }
    await Promise.all(Array.from({ length: 10 }, () => send(60)))
    await fetch(`${workbench.server.url}/py/pets/0`)
    await inTab('traces-container').getByText('PyGetPet').first().waitFor()
  })

  test('When all of that is done, then the page has no error and has sent no request to another host', () => {
    expect(workbench.errors).toEqual([])
    expect(workbench.foreignRequests).toEqual([])
  })
})

describe('The Pets tab, with the pets in Redis', { timeout: 120_000 }, () => {
  test('When another server changes a pet, then the tab shows it', async () => {
    const redis = await startRedis()
    const env = { REDIS_URL: redis.url }
    const other = await startServer({ env })
    const { page, close, errors } = await openWorkbench({ server: { env } })
    try {
      page.setDefaultTimeout(PATIENCE_MS)
      await page.getByTestId('pets-link').click()
      await page.getByText('No pets yet').waitFor()
      await expectAccessible(page, '[data-testid="pets-page"]')
      const { body } = await petsApi(other.url, 'ts')
        .create({ name: 'Tessa', species: 'cat', ageMonths: 3 })
        .expect(201)
      const row = page.getByTestId(`pet-${body.id}`)
      await row.getByText('Tessa').waitFor()
      await row.getByText('Welcome to our pet store!').waitFor()
      const lines = page.getByTestId('pets-audit').getByTestId('audit-line')
      for (const topic of ['ts.pet.created', 'ts.job.postcreate.completed']) await lines.getByText(topic).waitFor()
      expect(await lines.count()).toBe(2)

      await redis.stop()
      await page.getByRole('alert').getByText('Redis, where the pets are kept, cannot be reached').waitFor()
      await redis.start()
      await page.getByRole('alert').waitFor({ state: 'detached' })
      await row.getByText('Tessa').waitFor()
      expect(errors).toEqual([])
    } finally {
      await close()
    }
  })
})
