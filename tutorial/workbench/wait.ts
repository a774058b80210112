import type { TutorialStep } from '@motiadev/workbench'
import { findElement } from './type-into'

type Action = NonNullable<TutorialStep['before']>[number]

/** How long a wait may take, in ms: the Workbench itself gives an element 2,500. */
const PATIENCE_MS = 2_000

let waits = 0

/**
 * Makes the Workbench wait until a condition has been true for three frames, at most for `patienceMs`. The Workbench
 * can only wait for an element. Here that is the page's body, with a mark that it gets at the end.
 */
export const waitUntil = (condition: () => unknown, patienceMs = PATIENCE_MS): Action => ({
  type: 'click',
  get selector() {
    const mark = String(++waits)
    void holds(condition, patienceMs).then(() => {
      document.body.dataset.tutorialWait = mark
    })
    return `//body[@data-tutorial-wait="${mark}"]`
  },
})

/** Clicks an element, if it exists, unless a condition is true. */
export const clickUnless = (condition: () => boolean, xpath: string): Action => ({
  type: 'click',
  get selector() {
    return condition() ? '//*[false()]' : xpath
  },
  optional: true,
})

/** Waits until an element is in view and stands still. The Workbench checks its position only once. */
export const waitUntilStill = (xpath: string): Action => {
  let last = ''
  return waitUntil(() => {
    const element = findElement(xpath)
    // Scrolling would move the flow view's own coordinates.
    if (!element?.closest('.react-flow')) element?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
    const place = JSON.stringify(element?.getBoundingClientRect())
    const isStill = place === last
    last = place
    if (element && isStill) moveTextAside(element)
    return element && isStill
  })
}

/**
 * If there is no room for the text beside the element, the Workbench does not move it. So this moves it to the top,
 * unless the element is there.
 */
const moveTextAside = (element: HTMLElement): void => {
  const text = document.querySelector<HTMLElement>('.driver-popover')
  if (!text) return
  const isLow = element.getBoundingClientRect().top > window.innerHeight / 3
  const place = isLow ? { top: '8px', bottom: 'auto' } : { top: 'auto', bottom: '16px' }
  Object.assign(text.style, { position: 'absolute', left: '8px', ...place })
}

const holds = async (condition: () => unknown, patienceMs: number): Promise<void> => {
  const deadline = performance.now() + patienceMs
  for (let frames = 0; frames < 3 && performance.now() < deadline; ) {
    await nextFrame()
    frames = condition() ? frames + 1 : 0
  }
}

/** Resolves at the next frame, or after 20 ms in a hidden tab, which has no frames. */
const nextFrame = (): Promise<unknown> =>
  new Promise((resolve) => (document.hidden ? setTimeout(resolve, 20) : requestAnimationFrame(resolve)))
