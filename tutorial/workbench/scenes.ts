import { type TutorialStep, workbenchXPath } from '@motiadev/workbench'
import type { Lesson } from './chapter'
import { xpath } from './selectors'
import { findElement, typeInto } from './type-into'
import { clickUnless, waitUntil } from './wait'

/** What the Workbench does before it shows a tutorial step. */
export type Action = NonNullable<TutorialStep['before']>[number]

/** Waits up to 2.5 s for an element, and clicks it. */
export const click = (selector: string): Action => ({ type: 'click', selector })

/** Clicks an element if it is there now; does not wait. */
export const clickIfThere = (selector: string): Action => ({ type: 'click', selector, optional: true })

const { endpoints, flows, links } = workbenchXPath

/** An element on which a click does nothing. */
const NOWHERE = '//body'

/** The part of the panel's width or height that a fitted flow takes. The rest is margin. */
const FITTED_SHARE = 0.8

/** How long the flow view may take to fit itself, in ms. */
const FIT_MS = 1_000

const showTop = (tab: string): Action[] => [clickIfThere(xpath.expandButton('top')), click(tab)]
const showBottom = (tab: string): Action[] => [clickIfThere(xpath.expandButton('bottom')), click(tab)]
const closeBottom = clickIfThere(xpath.collapseButton('bottom'))
const closeSidebar = clickIfThere(workbenchXPath.closePanelButton)

/** Shows the flow view and the Tracing tab, both panels open. */
export const flowView = (): Action[] => [
  closeSidebar,
  ...showBottom(links.tracing),
  ...typeInto(xpath.traceSearch, () => ''),
  ...showTop(xpath.tabs.flow),
  click(xpath.fittedFlow),
]

/**
 * Shows the same, with the whole flow in view. The flow view forgets zoom and position when another tab opens. Then it
 * fits itself again, sometimes too early.
 */
export const wholeFlow = (): Action[] => [
  ...flowView(),
  ...[1, 2, 3].flatMap(() => [
    waitUntil(isFlowFitted, FIT_MS),
    clickUnless(isFlowFitted, links.endpoints),
    click(xpath.tabs.flow),
  ]),
  waitUntil(isFlowFitted, FIT_MS),
]

/** Scrolls to the first marked line of the code. The Workbench scrolls smoothly, and another scroll may stop it midway. */
const showMark = (): Element | null => {
  const line = document.querySelector('[data-testid="sidebar-panel"] [data-line-number][style*="background"]')
  line?.scrollIntoView({ block: 'center' })
  return line
}

/** Shows the code of a step beside the flow view, with one of its features marked. */
export const code = (step: string, feature: string): Pick<Lesson, 'needs' | 'elementXpath' | 'before'> => ({
  needs: step,
  elementXpath: workbenchXPath.sidebarContainer,
  before: [
    ...showTop(xpath.tabs.flow),
    clickIfThere(xpath.closeOtherCode(step)),
    click(flows.previewButton(step.toLowerCase())),
    click(flows.feature(feature)),
    waitUntil(showMark),
  ],
})

/** Shows an endpoint in the Endpoints tab at the window's full height, with its body or its parameters. */
export const endpoint = (method: string, path: string, tab: 'body' | 'params'): Action[] => [
  closeSidebar,
  closeBottom,
  ...showTop(links.endpoints),
  click(endpoints.endpoint(method, path)),
  click(tab === 'body' ? endpoints.bodyTab : endpoints.paramsTab),
]

/** Fills in the request editor. It is loaded when it is first shown, which may take longer than one wait. */
export const fillBody = (content: Record<string, unknown>): Action[] => [
  ...[1, 2, 3].map(() => waitUntil(() => findElement(xpath.requestEditor)?.offsetParent)),
  { type: 'fill-editor', content },
]

/**
 * The first time, sends the request and waits for the response. Later, for example when a learner goes back, only shows
 * the response, which the Endpoints tab keeps. So each endpoint can have only one such step.
 */
export const sendOnce = (status: number): Action[] => {
  let isSent = false
  return [
    clickUnless(() => isSent, xpath.closeResponse),
    {
      type: 'click',
      get selector() {
        const target = isSent ? NOWHERE : endpoints.playButton
        isSent = true
        return target
      },
    },
    click(xpath.status(status)),
  ]
}

/**
 * Shows the newest trace that began with a step, in the Tracing tab. Searches, because the tab draws only the first
 * traces.
 */
export const traceOf = (step: string): Action[] => [
  closeSidebar,
  clickIfThere(xpath.expandButton('top')),
  ...showBottom(links.tracing),
  ...typeInto(xpath.traceSearch, () => step),
  click(xpath.loadedTrace),
  click(xpath.newestTraceOf(step)),
  click(workbenchXPath.tracing.details),
]

/** Shows the Logs tab with the lines that contain a text. Searches, because the tab draws only the first lines. */
export const logs = (search: string): Action[] => [
  closeSidebar,
  clickIfThere(xpath.expandButton('top')),
  ...showBottom(links.logs),
  ...typeInto(xpath.logSearch, () => search),
]

/** Shows a queue in the Queues tab. */
export const queue = (name: string): Action[] => [
  closeSidebar,
  closeBottom,
  ...showTop(xpath.tabs.queues),
  ...typeInto(xpath.queueSearch, () => ''),
  click(xpath.queue(name)),
]

/** Shows the Pets tab with the pets that contain a text. */
export const petsTab = (search: string): Action[] => [
  closeSidebar,
  closeBottom,
  ...showTop(xpath.tabs.pets),
  ...typeInto(xpath.petSearch, () => search),
]

/** Returns whether the flow view shows the whole flow, as large as possible. */
const isFlowFitted = (): boolean => {
  const panel = document.querySelector('.react-flow')?.getBoundingClientRect()
  const boxes = [...document.querySelectorAll('.react-flow__node')].map((node) => node.getBoundingClientRect())
  if (!panel || boxes.length === 0) return false
  const left = Math.min(...boxes.map((box) => box.left))
  const top = Math.min(...boxes.map((box) => box.top))
  const right = Math.max(...boxes.map((box) => box.right))
  const bottom = Math.max(...boxes.map((box) => box.bottom))
  const isInside = left >= panel.left && top >= panel.top && right <= panel.right && bottom <= panel.bottom
  return isInside && Math.max((right - left) / panel.width, (bottom - top) / panel.height) > FITTED_SHARE
}
