import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const SIZES = [
  { width: 390, height: 844 },
  { width: 1440, height: 900 },
]

/** Fails if axe-core finds a serious issue in that part of the page, wide or narrow, dark or light. Leaves it wide and dark. */
export const expectAccessible = async (page: Page, selector: string): Promise<void> => {
  for (const size of SIZES) {
    await page.setViewportSize(size)
    for (const theme of ['light', 'dark']) {
      await page.evaluate((name) => document.body.classList.replace(name === 'dark' ? 'light' : 'dark', name), theme)
      await expectNoSeriousIssue(page, selector, `${theme}, ${size.width} pixels wide`)
    }
  }
}

/**
 * Fails if axe-core finds a serious issue in that part of the page as it is: of any rule, or of the given one. `what` is
 * for the message.
 */
export const expectNoSeriousIssue = async (page: Page, selector: string, what: string, rule = ''): Promise<void> => {
  await page.evaluate(axe)
  const issues = await page.evaluate(seriousIssues, selector)
  expect(
    issues.filter((issue) => issue.startsWith(rule)),
    what,
  ).toEqual([])
}

/** Runs in the page. Returns the serious or critical issues, one line for each element. */
const seriousIssues = async (selector: string): Promise<string[]> => {
  const { violations } = await Reflect.get(window, 'axe').run(selector, { resultTypes: ['violations'] })
  return violations
    .filter(({ impact }: { impact: string }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }: { id: string; nodes: { html: string }[] }) => nodes.map(({ html }) => `${id}: ${html}`))
}
