import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** How long the Workbench may take to show a tutorial step, in ms. */
const STEP_MS = 30_000

/** One step of the tutorial, as the page defines it. */
export interface ExpectedStep {
  title: string
  /** What it points at, as XPath; null for a step in the middle of the window. */
  points: string | null
  /** The step whose code it shows, as in the `data-testid` of its button, and the feature that it marks there. */
  code: { step: string; feature: string } | null
}

/** Where a box is in the window, in CSS pixels. */
interface Box {
  left: number
  top: number
  right: number
  bottom: number
}

/** What a learner sees of a tutorial step. */
interface ShownStep {
  window: Box
  popover: Box
  text: string
  /** What it points at, and what is lit. */
  target: Box | null
  lit: Box
  /** The numbers of the marked lines, and of those in view. */
  marked: number[]
  markedInView: number[]
}

/** The tutorial's steps, read from the very module that the Workbench has loaded. */
export const expectedSteps = async (page: Page): Promise<ExpectedStep[]> => {
  const tutorial = await page.evaluateHandle("importFile('tutorial/tutorial.tsx')")
  return tutorial.evaluate(({ steps }: { steps: { title: string; elementXpath?: string; before?: object[] }[] }) => {
    const attribute = (name: string, selectors: string[]): string | undefined =>
      selectors.flatMap((selector) => new RegExp(`@${name}="([^"]+)"`).exec(selector)?.[1] ?? []).at(-1)
    return steps.map((step) => {
      // A selector that is computed types or waits when it is read.
      const selectors = (step.before ?? []).flatMap(
        (action) => Object.getOwnPropertyDescriptor(action, 'selector')?.value ?? [],
      )
      const feature = attribute('data-feature-id', selectors)
      const buttons = selectors.filter((selector) => selector.includes('open-code-preview-button-'))
      const button = attribute('data-testid', buttons)?.replace('open-code-preview-button-', '')
      return {
        title: step.title,
        points: step.elementXpath ?? null,
        code: feature && button ? { step: button, feature } : null,
      }
    })
  })
}

/** Opens the tutorial as a person does, and returns its steps. */
export const openTutorial = async (page: Page): Promise<ExpectedStep[]> => {
  const steps = await expectedSteps(page)
  await page.getByTestId('tutorial-trigger').click()
  return steps
}

/** Waits until a step (from 0) is shown and its element is lit. Returns what can be seen. */
export const shownStep = async (page: Page, steps: ExpectedStep[], index: number): Promise<ShownStep> => {
  const expected = steps[index]
  if (!expected) throw new Error(`There is no step ${index}`)
  await page
    .waitForFunction(isShown, { ...expected, count: `${index + 1}/${steps.length}` }, { timeout: STEP_MS })
    .catch(async (cause) => {
      const seen = JSON.stringify(await page.evaluate(look, expected))
      throw new Error(`Step ${index + 1}, "${expected.title}", is not shown; seen instead: ${seen}`, { cause })
    })
  return page.evaluate(look, expected)
}

/** Checks what every step promises: its text in the window, what it points at lit and in the window, its lines marked. */
export const checkStep = (shown: ShownStep, { title, points, code }: ExpectedStep, lines: number[] | null): void => {
  expect(shown.text.length, `${title}: text`).toBeGreaterThan(40)
  expectInside(shown.popover, shown.window, `${title}: the text`)
  if (points) {
    expect(shown.target, `${title}: what it points at`).not.toBeNull()
    expectInside(shown.lit, shown.window, `${title}: what it points at`)
  }
  if (!code) return
  expect(shown.marked, `${title}: the marked lines`).toEqual(lines)
  expect(shown.markedInView[0], `${title}: the first marked line in view`).toBe(lines?.[0])
}

/** A difference of one pixel is rounding. */
const expectInside = (box: Box, outer: Box, what: string): void => {
  expect(box.right - box.left, `${what} has a width`).toBeGreaterThan(0)
  expect(Math.min(box.left - outer.left, box.top - outer.top), `${what} is in the window`).toBeGreaterThan(-1)
  expect(Math.min(outer.right - box.right, outer.bottom - box.bottom), `${what} is in the window`).toBeGreaterThan(-1)
}

/** Runs in the page: whether a step is shown, the place of what it points at is lit, and all of it has come to rest. */
const isShown = ({ title, points, count }: ExpectedStep & { count: string }): boolean => {
  const popover = document.querySelector<HTMLElement>('.driver-popover')
  const lit = popover?.previousElementSibling
  const counter = popover?.querySelector('.driver-popover-footer > div')?.textContent?.replaceAll(' ', '')
  if (!popover || !lit || counter !== count || popover.querySelector('h2')?.textContent !== title) return false
  if (popover.getAnimations().some(({ playState }) => playState === 'running')) return false
  if (!points) return lit.getBoundingClientRect().width <= 1
  const found = document.evaluate(points, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE).singleNodeValue
  if (!(found instanceof HTMLElement)) return false
  const [target, light] = [found.getBoundingClientRect(), lit.getBoundingClientRect()]
  const sides = ['left', 'top', 'right', 'bottom'] as const
  return sides.every((side) => Math.abs(target[side] - light[side]) < 2)
}

/** Runs in the page. */
const look = ({ points }: ExpectedStep): ShownStep => {
  const box = (element: Element): Box => {
    const { left, top, right, bottom } = element.getBoundingClientRect()
    return { left, top, right, bottom }
  }
  const popover = document.querySelector('.driver-popover') ?? document.body
  const found = points
    ? document.evaluate(points, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE).singleNodeValue
    : null
  const numbered = [...document.querySelectorAll<HTMLElement>('[data-testid="sidebar-panel"] [data-line-number]')]
  const markedLines = numbered.filter(({ style }) => style.backgroundColor !== '')
  const isInView = (line: HTMLElement): boolean => {
    const { top, bottom } = line.getBoundingClientRect()
    const shown = line.closest('.overflow-y-auto')?.getBoundingClientRect()
    return shown !== undefined && top >= shown.top - 1 && bottom <= shown.bottom + 1
  }
  const numbers = (lines: HTMLElement[]): number[] => lines.map(({ dataset }) => Number(dataset.lineNumber))
  return {
    window: { left: 0, top: 0, right: window.innerWidth, bottom: window.innerHeight },
    popover: box(popover),
    text: popover.querySelector('.driver-popover-description')?.textContent ?? '',
    target: found instanceof HTMLElement ? box(found) : null,
    lit: box(popover.previousElementSibling ?? document.body),
    marked: numbers(markedLines),
    markedInView: numbers(markedLines.filter(isInView)),
  }
}
