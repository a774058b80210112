import { workbenchXPath } from '@motiadev/workbench'

/** The XPaths that `workbenchXPath` lacks: for the Workbench of Motia 0.17.4-beta.185, and for this project's own tab. */
export const xpath = {
  topPanel: '//div[@id="top-panel"]',
  expandButton: (panel: 'top' | 'bottom') => `//div[@id="${panel}-panel"]//button[@aria-label="Expand panel"]`,

  collapseButton: (panel: 'top' | 'bottom') => `//div[@id="${panel}-panel"]//button[@aria-label="Collapse panel"]`,

  tabs: {
    flow: '//button[@data-testid="flow-link"]',
    queues: '//button[@data-testid="queues-link"]',
    pets: '//button[@data-testid="pets-link"]',
  },
  petsTable: '//*[@data-testid="pets-scroller"]',
  petSearch: '//div[@data-testid="pets-page"]//input[@aria-label="Search pets"]',
  auditTrail: '//section[@data-testid="pets-audit"]',

  /** The flow view once it has fitted itself to its steps. */
  fittedFlow: '//div[contains(@class, "react-flow__viewport")][not(contains(@style, "translate(0px, 0px) scale(1)"))]',
  /** The close button of a sidebar, unless it shows the code of this step. */
  closeOtherCode: (step: string) =>
    `//div[@data-testid="sidebar-panel"][not(.//div[text()="${step}"])]//button[@data-testid="close-panel"]`,

  /** The request editor once it can be filled in. */
  requestEditor: `(${workbenchXPath.endpoints.callPanel}//div[contains(@class, "monaco-editor")])[1]`,
  pathParameter: (name: string) => `${workbenchXPath.endpoints.callPanel}//input[@id="value-${name}"]`,
  closeResponse: `${workbenchXPath.endpoints.response}//button[not(@role="tab")]`,
  status: (status: number) => `${workbenchXPath.endpoints.response}//span[text()="${status}"]`,
  /** The last piece of the response that contains a text. */
  responseText: (text: string) => `(${workbenchXPath.endpoints.response}//span[contains(text(), '${text}')])[last()]`,

  traceSearch: '//input[@placeholder="Search by Trace ID or Step Name"]',
  /** The newest trace, once the Workbench has loaded it. Earlier, the Workbench would select it again. */
  loadedTrace: `${workbenchXPath.tracing.trace(1)}[not(contains(., "running"))]`,
  newestTraceOf: (step: string) => `(//button[contains(@class, "motia-trace-group")][.//span[text()="${step}"]])[1]`,
  timelineOf: (step: string) => `(//div[@data-testid="trace-timeline-item"][.//span[text()="${step}"]])[1]`,
  logSearch: '//input[@placeholder="Search by Trace ID or Message"]',
  logOf: (step: string, message: string) =>
    `(${workbenchXPath.logs.row}[contains(., "${step}")][contains(., "${message}")])[1]`,

  queueSearch: '//input[@placeholder="Search queues..."]',
  queueList: '//div[@id="top-panel"]//div[contains(@class, "border-r")][.//input[@placeholder="Search queues..."]]',
  queue: (name: string) => `//button[@type="button"][.//span[text()="${name}"]]`,
}
