import type { TutorialStep } from '@motiadev/workbench'
import { findElement } from './type-into'

type Action = NonNullable<TutorialStep['before']>[number]

/** How long a wait may take, in ms: the Workbench itself gives an element 2,500. */
const PATIENCE_MS = 2_000

let waits = 0

/**
 * Keeps the Workbench waiting until a condition has held for three frames, or its patience is over. The Workbench can wait
 * for an element only, so the element is the page's body, marked once the wait is over.
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

/** Clicks an element, if it is there, unless a condition holds at that moment. */
export const clickUnless = (condition: () => boolean, xpath: string): Action => ({
  type: 'click',
  get selector() {
    return condition() ? '//*[false()]' : xpath
  },
  optional: true,
})

/** Waits until an element stands still, in view. The Workbench looks only once where it is. */
export const waitUntilStill = (xpath: string): Action => {
  let last = ''
  return waitUntil(() => {
    const element = findElement(xpath)
    // The flow view has positions of its own, which scrolling would upset.
    if (!element?.closest('.react-flow')) element?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
    const place = JSON.stringify(element?.getBoundingClientRect())
    const isStill = place === last
    last = place
    if (element && isStill) moveTextAside()
    return element && isStill
  })
}

/** Where an element leaves no room for it on any side, the Workbench leaves the text where it was, which may be on top of it. */
const moveTextAside = (): void => {
  const text = document.querySelector<HTMLElement>('.driver-popover')
  if (!text) return
  Object.assign(text.style, {
    position: 'absolute',
    left: '8px',
    top: `${window.innerHeight - text.offsetHeight - 40}px`,
  })
}

const holds = async (condition: () => unknown, patienceMs: number): Promise<void> => {
  const deadline = performance.now() + patienceMs
  for (let frames = 0; frames < 3 && performance.now() < deadline; ) {
    await nextFrame()
    frames = condition() ? frames + 1 : 0
  }
}

/** The next frame; in a tab that is not in view, where there are none, the next moment. */
const nextFrame = (): Promise<unknown> =>
  new Promise((resolve) => (document.hidden ? setTimeout(resolve, 20) : requestAnimationFrame(resolve)))
