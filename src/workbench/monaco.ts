import { loader } from '@monaco-editor/react'
import { MONACO_PATH } from './live'

/** Makes the request editors load Monaco from this server instead of a CDN. */
export const configureMonaco = (): void => {
  loader.config({ paths: { vs: `${MONACO_PATH}/vs` } })
  // The editor's hook does not catch the rejection of a load that it cancels. It always cancels one, because React
  // mounts it twice in development.
  window.addEventListener('unhandledrejection', (event) => {
    if (event.reason?.type === 'cancelation') event.preventDefault()
  })
}
