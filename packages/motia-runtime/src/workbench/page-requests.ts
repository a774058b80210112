import type { RequestHandler } from 'express'

/** Vite's own paths, and files: the modules, styles and pictures of the page. */
const PAGE_FILE = /^\/(@|node_modules\/|__motia)|\.\w+$/

/** A script or style sheet of another site in the Workbench's page: fonts and analytics. */
const FOREIGN_FILE = /<link\b[^>]*\bhref="https:[^>]*>|<script\b[^>]*\bsrc="https:[^>]*><\/script>/g

/** Lets the page load what this server has, and nothing else. It compiles its modules with `eval`, and Monaco uses blobs. */
const OWN_FILES_ONLY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob: ws: wss:"

/**
 * Keeps the Workbench's page from asking other sites for anything. The Workbench makes its Vite server itself, so the page
 * can only be changed on its way out: Vite sends it by one `end`.
 */
export const keepToOwnFiles: RequestHandler = (_request, response, next) => {
  const { end } = response
  response.end = (...args: unknown[]) => {
    const [page, ...rest] = args
    const isPage = typeof page === 'string' && String(response.getHeader('Content-Type')).startsWith('text/html')
    if (!isPage) return Reflect.apply(end, response, args)
    response.setHeader('Content-Security-Policy', OWN_FILES_ONLY)
    return Reflect.apply(end, response, [page.replaceAll(FOREIGN_FILE, ''), ...rest])
  }
  next()
}

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
