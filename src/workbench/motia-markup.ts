/** The attributes to set in Motia's markup, by selector. Null removes one. Only buttons without text get names. */
const ATTRIBUTES: [selector: string, attributes: Record<string, string | null>][] = [
  ['#logo-icon', { alt: 'Motia' }],
  // Part of a tab, which cannot contain another button.
  ['[data-testid="flows-dropdown-trigger"]', { 'aria-haspopup': null, 'aria-expanded': null }],
  // Rows without a table, which contain buttons. Motia opens them on Enter.
  ['[data-testid="log-row"]', { role: 'group' }],
  ['[data-testid="log-row"] > [role="cell"]', { role: null }],
  ['[data-testid="states-container"] [role="checkbox"]', { 'aria-label': 'Select' }],
  ['[data-testid="endpoint-spec-button"]', { 'aria-label': 'Show the specification' }],
  ['button:has(> .lucide-minus)', { 'aria-label': 'Zoom out' }],
  ['button:has(> .lucide-plus)', { 'aria-label': 'Zoom in' }],
  ['button:not(td > *):has(> .lucide-refresh-cw)', { 'aria-label': 'Refresh' }],
  ['td > button:has(> .lucide-refresh-cw)', { 'aria-label': 'Retry this job' }],
  ['button:has(> .lucide-ellipsis-vertical)', { 'aria-label': 'More' }],
  ['button:has(> .lucide-copy)', { 'aria-label': 'Copy' }],
  ['button:has(> .lucide-x)', { 'aria-label': 'Close' }],
  // The tabs of a queue, which share one panel.
  ['#top-panel .pt-2 [role="tab"]', { 'aria-controls': null }],
  // The keyboard scrolls them.
  ['[data-testid="sidebar-panel"] :is(.overflow-y-auto, pre)', { tabindex: '0' }],
  // Elements that a click opens.
  [
    'div[data-testid^="endpoint-"].cursor-pointer, [data-feature-id], [data-testid="trace-timeline-item"]',
    { role: 'button', tabindex: '0' },
  ],
  ['[data-slot="popover-trigger"]:not(button)', { role: 'button', tabindex: '0' }],
]

/** Makes Motia's part of the page accessible: sets the attributes that it lacks, now and when it changes. */
export const completeMarkup = (): void => {
  let isDue = false
  const complete = () => {
    isDue = false
    for (const [selector, attributes] of ATTRIBUTES) {
      for (const element of document.querySelectorAll(selector)) setAttributes(element, attributes)
    }
  }
  const observer = new MutationObserver(() => {
    if (!isDue) requestAnimationFrame(complete)
    isDue = true
  })
  observer.observe(document.body, { childList: true, subtree: true })
  document.addEventListener('keydown', (event) => {
    // The tutorial sends an Enter after each of its clicks.
    if (!event.isTrusted || (event.key !== 'Enter' && event.key !== ' ')) return
    if (event.target instanceof HTMLElement && event.target.matches('[role="button"]:not(button)')) event.target.click()
  })
}

const setAttributes = (element: Element, attributes: Record<string, string | null>): void => {
  for (const [name, value] of Object.entries(attributes)) {
    const hasText = name === 'aria-label' && element.textContent !== ''
    if (value === null) element.removeAttribute(name)
    else if (!hasText && element.getAttribute(name) !== value) element.setAttribute(name, value)
  }
}
