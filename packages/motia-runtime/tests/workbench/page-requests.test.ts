import express from 'express'
import request from 'supertest'
import { expect, test } from 'vitest'
import { keepToOwnFiles, refuseUnknownPaths } from '../../src/workbench/page-requests'

const PAGE = `<html><link rel="icon" href="/icon.png" /><link href="https://fonts.example/a.css" rel="stylesheet" />
<script src="https://cdn.example/a.js" onload="init()"></script><script type="module" src="/src/main.tsx"></script></html>`

const app = express()
app.use(refuseUnknownPaths, keepToOwnFiles)
app.get('/data.json', (_request, response) => response.json({ href: 'https://fonts.example' }))
app.use((_request, response) => response.status(200).set('Content-Type', 'text/html').end(PAGE))

test('When the page is sent, then it loads nothing from other sites', async () => {
  const { text, headers } = await request(app).get('/').expect(200)
  expect(text).not.toContain('https:')
  expect(text).toContain('<link rel="icon" href="/icon.png" />')
  expect(text).toContain('<script type="module" src="/src/main.tsx"></script>')
  expect(headers['content-security-policy']).toContain("default-src 'self'")
})

test('When something other than a page is sent, then it is not changed', async () => {
  const { body, headers } = await request(app).get('/data.json').expect(200)
  expect(body).toEqual({ href: 'https://fonts.example' })
  expect(headers['content-security-policy']).toBeUndefined()
})

test('When a path is neither a page nor a file, then the response is a 404 as JSON, unless the client accepts HTML', async () => {
  await request(app).get('/js/pet').expect(404, { message: 'Not found' })
  await request(app).post('/').expect(404, { message: 'Not found' })
  await request(app).get('/js/pet').set('Accept', 'text/html').expect(200)
  await request(app).get('/src/main.tsx').expect(200)
})
