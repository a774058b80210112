import type { TutorialStep } from '@motiadev/workbench'
import type { Chapter } from './chapter'
import { Navigation } from './navigation'
import { isGone } from './project-steps'
import { findElement } from './type-into'
import { waitUntilStill } from './wait'
import './popover.css'

const PROGRESS_KEY = 'pets-tutorial-step'

/** Remembers the index of the shown step in this browser. The first step is not progress, and the last one ends it. */
const rememberStep = (step: number, isLast: boolean): void => {
  if (isLast) localStorage.removeItem(PROGRESS_KEY)
  else if (step > 0) localStorage.setItem(PROGRESS_KEY, String(step))
}

/** Returns the index of the last shown step; 0 if there is none. */
const lastStep = (): number => Number(localStorage.getItem(PROGRESS_KEY) ?? 0)

/** The index of the current step, and of the step up to which the Workbench skips. */
const walk = { current: 0, skipTo: 0 }

/**
 * Returns the steps of all chapters. A learner can go back, jump to a chapter, and resume. Each step waits until its
 * element stands still.
 */
export const present = (chapters: Chapter[]): TutorialStep[] => {
  const firsts = chapters.map(({ title }, index) => ({
    title,
    first: chapters.slice(0, index).reduce((sum, { steps }) => sum + steps.length, 0),
  }))
  return chapters
    .flatMap(({ steps }) => steps)
    .map((step, index, { length }) => {
      const { needs } = step
      const isSkipped = () => index < walk.skipTo
      const isBare = () => isSkipped() || (needs !== undefined && isGone(needs))
      const before = [...(step.before ?? []), ...(step.elementXpath ? [waitUntilStill(step.elementXpath)] : [])]
      return {
        title: step.title,
        // The Workbench reads this first when it goes to a step.
        get before() {
          walk.current = index
          return isBare() ? [] : before
        },
        get elementXpath() {
          return isBare() ? undefined : step.elementXpath
        },
        description: async () => {
          if (isSkipped()) return null
          const last = index === 0 ? lastStep() : 0
          rememberStep(index, index === length - 1)
          return (
            <div key={index}>
              {isBare() ? (
                <p>
                  This is about the step <b>{needs}</b>, which is no longer in the project.
                </p>
              ) : (
                await step.description()
              )}
              {last > 0 && last < length && (
                <button type="button" className="tutorial-resume" onClick={() => goTo(last)}>
                  Resume at step {last + 1}
                </button>
              )}
              <Navigation chapters={firsts} current={index} goTo={goTo} />
            </div>
          )
        },
      }
    })
}

/**
 * Goes to a step. The Workbench only goes forward, so this restarts the tutorial and skips the steps before. Does
 * nothing while the Workbench prepares a step.
 */
const goTo = async (index: number): Promise<void> => {
  walk.skipTo = index
  clickOn('//button[@data-testid="tutorial-trigger"]')
  const hasStarted = walk.current === 0
  for (let turns = 0; hasStarted && walk.current < index && turns < 10 * index; turns++) {
    clickOn('//button[@class="driver-popover-next-btn"]')
    // The Workbench finishes the step before the browser paints it.
    await Promise.resolve()
  }
  walk.skipTo = 0
}

const clickOn = (xpath: string): void => findElement(xpath)?.click()
