import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server'
import { openWorkbench, type WorkbenchOptions } from './support'

// The first visit is also the server's first: it compiles the Workbench while the page loads.
let server: TestServer
beforeAll(async () => {
  server = await startServer({ mode: 'dev' })
})
afterAll(() => server?.stop())

/** How long the page is watched once the tutorial's box is there, how long that may take, and how often it is watched, in ms. */
const WATCH_MS = 5_000
const PATIENCE_MS = 60_000
const EVERY_MS = 100

/** What a visitor sees at a moment: the header's height, and the tutorial's box with its title. */
interface Look {
  header: number
  box: { title: string; left: number; top: number; right: number; bottom: number } | null
}

const look = (): Look => {
  const box = document.querySelector<HTMLElement>('.driver-popover')
  const { left, top, right, bottom } = box?.getBoundingClientRect() ?? { left: 0, top: 0, right: 0, bottom: 0 }
  const isShown = box?.checkVisibility({ visibilityProperty: true }) === true
  return {
    header: document.querySelector('header')?.offsetHeight ?? 0,
    box: isShown ? { title: box.querySelector('h2')?.textContent ?? '', left, top, right, bottom } : null,
  }
}

/** Looks at the page every 100 ms, from when the header is there until five seconds after the box has come. */
const watch = async (page: Page): Promise<Look[]> => {
  await page.locator('header').waitFor({ timeout: 120_000 })
  const looks: Look[] = []
  for (let end = performance.now() + PATIENCE_MS, hasBox = false; performance.now() < end; ) {
    const seen = await page.evaluate(look)
    looks.push(seen)
    if (seen.box && !hasBox) {
      hasBox = true
      end = performance.now() + WATCH_MS
    }
    await page.waitForTimeout(EVERY_MS)
  }
  return looks
}

const visit = async (options: WorkbenchOptions): Promise<void> => {
  let looks: Look[] = []
  const workbench = await openWorkbench({
    ...options,
    server,
    isFirstVisit: true,
    onStart: async (page) => {
      looks = await watch(page)
    },
  })
  try {
    const { page } = workbench
    const { width, height } = options.viewport ?? { width: 0, height: 0 }
    expect(new Set(looks.map(({ header }) => header)).size, 'heights of the header').toBe(1)
    const boxes = looks.flatMap(({ box }) => box ?? [])
    const [box] = boxes
    expect(boxes.length).toBeGreaterThan(0)
    // Once open it stays, in one place, with the text of the first step.
    expect(looks.slice(looks.findIndex((seen) => seen.box !== null))).toHaveLength(boxes.length)
    expect(new Set(boxes.map((seen) => JSON.stringify(seen))).size, 'places and titles of the box').toBe(1)
    expect(box?.title).toBe('Welcome to the pet store')
    expect(Math.min(box?.left ?? -1, box?.top ?? -1)).toBeGreaterThanOrEqual(0)
    expect(box?.right).toBeLessThanOrEqual(width)
    expect(box?.bottom).toBeLessThanOrEqual(height)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.locator('.driver-popover h2').getByText('The flow', { exact: true }).waitFor({ timeout: 10_000 })
    expect(workbench.errors).toEqual([])
    expect(workbench.foreignRequests).toEqual([])
  } finally {
    await workbench.close()
  }
}

test.each([
  { width: 1440, height: 900 },
  { width: 1280, height: 720 },
  { width: 390, height: 844 },
])(
  'When somebody opens the Workbench for the first time at $width x $height, then the tutorial opens and nothing jumps',
  (viewport) => visit({ viewport }),
)
