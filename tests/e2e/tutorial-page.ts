import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { openWorkbench, type Workbench, type WorkbenchOptions } from './support'
import { type ExpectedStep, shownStep } from './tutorial-walk'

/** The browser reports the request that the tutorial expects to be refused. */
const isRefusal = (error: string): boolean => error.includes('status of 400 (Bad Request)')

/** Checks that the page has reported no error and requested nothing from other hosts. */
export const expectCleanPage = ({ errors, foreignRequests }: Workbench): void => {
  expect(errors.filter((error) => !isRefusal(error))).toEqual([])
  expect(foreignRequests).toEqual([])
}

/** Opens the Workbench, and forgets the errors of a page that reloaded itself at a first start. */
export const openSettledWorkbench = async (options?: WorkbenchOptions): Promise<Workbench> => {
  const workbench = await openWorkbench(options)
  workbench.errors.length = 0
  return workbench
}

/** Presses Continue until the step of this title is shown. */
export const continueTo = async (page: Page, steps: ExpectedStep[], from: string, title: string): Promise<void> => {
  let index = steps.findIndex((step) => step.title === from)
  await shownStep(page, steps, index)
  while (steps[index]?.title !== title) {
    await page.getByRole('button', { name: 'Continue' }).click()
    index += 1
    await shownStep(page, steps, index)
  }
}

/** Jumps to the chapter of this title, as its list of chapters does. */
export const jumpTo = (page: Page, chapter: string) =>
  page.getByLabel('Chapter').evaluate((select: HTMLSelectElement, title) => {
    const option = [...select.options].find(({ text }) => text.endsWith(title))
    if (!option) throw new Error(`There is no chapter ${title}`)
    Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value')?.set?.call(select, option.value)
    select.dispatchEvent(new Event('change', { bubbles: true }))
  }, chapter)
