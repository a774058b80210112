import type { RequestHandler } from 'express'

/** Vite's own paths, and files: the modules, styles and pictures of the page. */
const PAGE_FILE = /^\/(@|node_modules\/|__motia)|\.\w+$/

/**
 * Responds with a 404 to what is neither the Workbench's page nor one of its files, as production does. The Workbench itself
 * sends its page for every path.
 */
export const refuseUnknownPaths: RequestHandler = (request, response, next) => {
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  const isPage = request.path === '/' || request.headers.accept?.includes('text/html') === true
  if (isRead && (isPage || PAGE_FILE.test(request.path))) next()
  else response.status(404).json({ message: 'Not found' })
}
