import { loader } from '@monaco-editor/react'
import { MONACO_PATH } from './live'

/** Lets the request editor of every tab load Monaco from this server instead of a CDN, once it is opened. */
export const configureMonaco = (): void => {
  loader.config({ paths: { vs: `${MONACO_PATH}/vs` } })
  // The editor's hook does not catch the rejection of a load that it cancels itself. React mounts it twice in development,
  // so it always cancels one.
  window.addEventListener('unhandledrejection', (event) => {
    if (event.reason?.type === 'cancelation') event.preventDefault()
  })
}
