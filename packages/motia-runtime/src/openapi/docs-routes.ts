import { createRequire } from 'node:module'
import { dirname, extname } from 'node:path'
import { Router } from 'express'
import { SECURITY_HEADERS } from '../http/guards'

/** The page may load and call only this server, and run no inline script. Swagger UI has its icons in `data:` URLs. */
const OWN_FILES_ONLY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const PAGE = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="stylesheet" href="/docs/index.css">
<link rel="stylesheet" href="/docs/narrow.css">
<link rel="stylesheet" href="/docs/contrast.css">
<link rel="icon" href="/docs/favicon-32x32.png">
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</html>
`

const START = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null,
})
`

/** Hides the empty column of links, which does not fit on a telephone. */
const NARROW = '@media (max-width: 640px) { .swagger-ui .response-col_links { display: none } }\n'

/** Changes the colours of Swagger UI whose contrast is below 4.5, the minimum of WCAG AA. */
const CONTRAST = `
.swagger-ui .opblock .opblock-summary-method, .swagger-ui .info .title small pre { color: #000; text-shadow: none }
.swagger-ui .opblock-body pre.microlight { background: #1a1a1a !important }
.swagger-ui .parameter__in, .swagger-ui .json-schema-2020-12-expand-deep-button { color: #555 }
.swagger-ui .info .url { color: #2563b0 }
.swagger-ui .renderedMarkdown code { color: #7a0bd8 }
.swagger-ui .response-control-media-type__accept-message { color: #060 }
.swagger-ui .btn.cancel, .swagger-ui .parameter__name.required::after { color: #c00 }
.swagger-ui .btn.execute, .swagger-ui .download-contents { background-color: #2563b0 }
`

const OWN_FILES = { 'start.js': START, 'narrow.css': NARROW, 'contrast.css': CONTRAST }
const SWAGGER_FILES = ['swagger-ui-bundle.js', 'swagger-ui.css', 'index.css', 'favicon-32x32.png']

/** The files below `/docs`, which the page loads. */
export const DOCS_FILES = [...Object.keys(OWN_FILES), ...SWAGGER_FILES]

/** Returns the routes of `/openapi.json` and `/docs`. `document` returns the document as text. */
export const docsRoutes = (document: () => string): Router => {
  const router = Router()
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  router.get('/openapi.json', (_request, response) => {
    response.type('json').send(document())
  })
  router.use(/^\/docs(\/|$)/, (_request, response, next) => {
    response.set({ ...SECURITY_HEADERS, 'Content-Security-Policy': OWN_FILES_ONLY })
    next()
  })
  router.get('/docs', (_request, response) => void response.type('html').send(PAGE))
  for (const [file, text] of Object.entries(OWN_FILES)) {
    router.get(`/docs/${file}`, (_request, response) => void response.type(extname(file)).send(text))
  }
  for (const file of SWAGGER_FILES) {
    router.get(`/docs/${file}`, (_request, response, next) => {
      response.sendFile(file, { root: folder, headers: { 'Cache-Control': 'max-age=3600' } }, (error) => {
        // It is not an error if the client leaves before the end.
        if (error && !response.headersSent) next(error)
      })
    })
  }
  return router
}
