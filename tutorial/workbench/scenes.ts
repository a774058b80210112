import { type TutorialStep, workbenchXPath } from '@motiadev/workbench'
import { isFlowFitted } from './flow-fit'
import { xpath } from './selectors'
import { findElement, typeInto } from './type-into'
import { clickUnless, waitUntil } from './wait'

/** What the Workbench does before it shows a tutorial step. */
export type Action = NonNullable<TutorialStep['before']>[number]

/** Waits up to 2.5 s for an element, and clicks it. */
export const click = (selector: string): Action => ({ type: 'click', selector })

/** Clicks an element if it is there at this moment. */
export const clickIfThere = (selector: string): Action => ({ type: 'click', selector, optional: true })

const { endpoints, flows, links } = workbenchXPath

/** How long the flow view may take to fit itself, in ms. */
const FIT_MS = 1_000

const showTop = (tab: string): Action[] => [clickIfThere(xpath.expandButton('top')), click(tab)]
const showBottom = (tab: string): Action[] => [clickIfThere(xpath.expandButton('bottom')), click(tab)]
const closeSidebar = clickIfThere(workbenchXPath.closePanelButton)

/** The flow view and the Tracing tab, both panels open. */
export const flowView = (): Action[] => [
  closeSidebar,
  ...showBottom(links.tracing),
  ...typeInto(xpath.traceSearch, () => ''),
  ...showTop(xpath.tabs.flow),
  click(xpath.fittedFlow),
]

/**
 * The same with the whole flow in view. Leaving its tab makes the flow view forget zoom and position and fit itself anew,
 * which now and then it does too early.
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

/** The code of a step beside the flow view, with one of its features marked. */
export const code = (step: string, feature: string): Action[] => [
  ...showTop(xpath.tabs.flow),
  clickIfThere(xpath.closeOtherCode(step)),
  click(flows.previewButton(step.toLowerCase())),
  click(flows.feature(feature)),
]

/** An endpoint in the Endpoints tab, with its body or its parameters in view. */
export const endpoint = (method: string, path: string, tab: 'body' | 'params'): Action[] => [
  closeSidebar,
  ...showTop(links.endpoints),
  click(endpoints.endpoint(method, path)),
  click(tab === 'body' ? endpoints.bodyTab : endpoints.paramsTab),
]

/**
 * Fills the request editor in. It is loaded when it is first shown, which may take longer than one wait, and what it is
 * given before it is ready is not sent.
 */
export const fillBody = (content: Record<string, unknown>): Action[] => [
  ...[1, 2, 3].map(() => waitUntil(() => findElement(xpath.requestEditor)?.offsetParent)),
  { type: 'fill-editor', content },
]

/** Puts the last response away, so that the next one is known to be new. */
export const closeResponse = clickIfThere(xpath.closeResponse)

/** Sends the request and waits for the response. */
export const send = (status: number): Action[] => [
  closeResponse,
  click(endpoints.playButton),
  click(xpath.status(status)),
]

/** The newest trace that a step has begun, in the Tracing tab. Of many traces the page holds the first few only. */
export const traceOf = (step: string): Action[] => [
  closeSidebar,
  ...showBottom(links.tracing),
  ...typeInto(xpath.traceSearch, () => step),
  click(xpath.loadedTrace),
  click(xpath.newestTraceOf(step)),
  click(workbenchXPath.tracing.details),
]

/** The Logs tab, with the lines that a text is found in. Of many lines the page holds the first few only. */
export const logs = (search: string): Action[] => [
  closeSidebar,
  ...showBottom(links.logs),
  ...typeInto(xpath.logSearch, () => search),
]

/** A queue in the Queues tab. */
export const queue = (name: string): Action[] => [
  closeSidebar,
  ...showTop(xpath.tabs.queues),
  ...typeInto(xpath.queueSearch, () => ''),
  click(xpath.queue(name)),
]

/** This project's own tab, with the pets that a text is found in. */
export const petsTab = (search: string): Action[] => [
  closeSidebar,
  ...showTop(xpath.tabs.pets),
  ...typeInto(xpath.petSearch, () => search),
]
