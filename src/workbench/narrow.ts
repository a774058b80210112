/** As in `narrow.css`. */
const IS_NARROW = '(max-width: 700px)'

/** Closes the sidebar when a tab is pressed in a narrow window, in which the sidebar covers the content of all tabs. */
export const uncoverTabs = (): void => {
  document.addEventListener('mousedown', ({ target }) => {
    if (!window.matchMedia(IS_NARROW).matches || !(target instanceof Element) || !target.closest('[role="tab"]')) return
    document.querySelector<HTMLElement>('#app-sidebar-container [data-testid="close-panel"]')?.click()
  })
}
