import type { RequestHandler } from 'express'

/** Vite's own paths, and files: the modules, styles and pictures of the page. */
const PAGE_FILE = /^\/(@|node_modules\/|__motia)|\.\w+$/

/** A script or style sheet of another site in the Workbench's page: fonts and analytics. */
const FOREIGN_FILE = /<link\b[^>]*\bhref="https:[^>]*>|<script\b[^>]*\bsrc="https:[^>]*><\/script>/g

/**
 * Allows the page to load only files of this server. The page compiles its modules with `eval`, and Monaco uses blobs.
 */
const OWN_FILES_ONLY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob: ws: wss:"

/**
 * Keeps the Workbench's page from loading anything from other sites. The Workbench creates its Vite server itself, so
 * this changes the page when Vite sends it by `end`.
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
 * Responds with a 404, as in production, unless the request is for the Workbench's page or one of its files. The
 * Workbench itself sends its page for every path.
 */
export const refuseUnknownPaths: RequestHandler = (request, response, next) => {
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  const isPage = request.path === '/' || request.headers.accept?.includes('text/html') === true
  if (isRead && (isPage || PAGE_FILE.test(request.path))) next()
  else response.status(404).json({ message: 'Not found' })
}
