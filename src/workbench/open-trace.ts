/** How long the Tracing tab may take to show a trace, in ms. */
const PATIENCE_MS = 3_000

const PANEL = '[data-testid="traces-container"]'

/** Resolves to the first element that the selector finds; null if there is none in time. */
const appearing = async <T extends HTMLElement>(selector: string): Promise<T | null> => {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const element = document.querySelector<T>(selector)
    if (element || performance.now() > deadline) return element
    await new Promise((resolve) => requestAnimationFrame(resolve))
  }
}

/** Types into an input of another React tree. */
const type = (input: HTMLInputElement, text: string): void => {
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(input, text)
  input.dispatchEvent(new Event('input', { bubbles: true }))
}

/**
 * Shows a trace in the Workbench's Tracing tab. The tab has no API, so this opens it, searches, and clicks. Returns
 * false if the tab, which keeps only the latest traces, does not have it.
 */
export const openTrace = async (traceId: string): Promise<boolean> => {
  // A tab opens on `mousedown`, not on `click`.
  const press = new MouseEvent('mousedown', { bubbles: true, button: 0 })
  document.querySelector('[data-testid="tracing-link"]')?.dispatchEvent(press)
  if (!(await appearing(PANEL))) return false
  const search = await appearing<HTMLInputElement>('[data-testid="logs-search-container"] input')
  if (search) type(search, traceId)
  const trace = await appearing(`${PANEL} [data-testid="trace-${CSS.escape(traceId)}"]`)
  trace?.click()
  return trace !== null
}
