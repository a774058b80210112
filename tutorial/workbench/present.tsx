import type { TutorialStep } from '@motiadev/workbench'
import { BackButton } from './back-button'
import { findElement } from './type-into'
import { waitUntilStill } from './wait'

/** Where the walk is, and up to which step it passes steps over. Counted from 0. */
const walk = { current: 0, passTo: 0 }

/** Makes the steps walkable in both directions, and waits with each until what it points at stands still. */
export const present = (steps: TutorialStep[]): TutorialStep[] =>
  steps.map((step, index) => {
    const isPassedOver = () => index < walk.passTo
    const before = [...(step.before ?? []), ...(step.elementXpath ? [waitUntilStill(step.elementXpath)] : [])]
    return {
      title: step.title,
      // The first thing that the Workbench reads of a step that it goes to.
      get before() {
        walk.current = index
        return isPassedOver() ? [] : before
      },
      get elementXpath() {
        return isPassedOver() ? undefined : step.elementXpath
      },
      description: () =>
        isPassedOver() ? null : (
          <>
            {step.description()}
            {index > 0 && <BackButton onBack={() => goTo(index - 1)} />}
          </>
        ),
    }
  })

/**
 * The Workbench knows the way forward only, so back is from the start again, passing over what lies before the step. While
 * the Workbench is busy with a step it starts nothing, and neither does this.
 */
const goTo = async (index: number): Promise<void> => {
  walk.passTo = index
  clickOn('//button[@data-testid="tutorial-trigger"]')
  const hasStarted = walk.current === 0
  for (let turns = 0; hasStarted && walk.current < index && turns < 10 * index; turns++) {
    clickOn('//button[@class="driver-popover-next-btn"]')
    // Lets the Workbench finish the step, and the browser paint nothing of it.
    await Promise.resolve()
  }
  walk.passTo = 0
}

const clickOn = (xpath: string): void => findElement(xpath)?.click()
