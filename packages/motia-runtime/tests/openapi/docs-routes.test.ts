import express from 'express'
import type { ApiRouteConfig, Step } from 'motia'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { sendJson } from '../../src/http/handler'
import { configureRoutes } from '../../src/http/routes'
import { docsRoutes } from '../../src/openapi/docs-routes'

const stepOf = (path: string): Step<ApiRouteConfig> => ({
  ...{ filePath: `steps${path}.step.ts`, version: '1' },
  config: { type: 'api', name: path, method: 'GET', path, emits: [] },
})

/** A production server with steps at these paths. */
const makeApp = (paths: string[], docs = docsRoutes(() => '{"openapi":"3.1.0"}')) =>
  configureRoutes(express(), {
    lockedData: { apiSteps: () => paths.map(stepOf), onStep: () => {} },
    isProduction: true,
    guard: (_request, _response, next) => next(),
    health: () => ({ status: 200, body: {} }),
    invalidJson: (problem) => ({ message: problem }),
    answer: (step) => (_request, response) => sendJson(response, 200, { step: step.config.name }),
    docs,
  })

describe('the documentation', () => {
  test('When the document is requested, then it is JSON', async () => {
    const { headers } = await request(makeApp([])).get('/openapi.json').expect(200, { openapi: '3.1.0' })
    expect(headers['content-type']).toBe('application/json; charset=utf-8')
  })

  test('When the page is opened, then all that it loads exists, and it may load nothing else', async () => {
    const app = makeApp([])
    const { text, headers } = await request(app)
      .get('/docs')
      .expect(200)
      .expect('Content-Type', /^text\/html/)
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
    expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'; style-src 'self';")
    expect(headers['content-security-policy']).not.toMatch(/unsafe|https?:|\*/)
    const files = Array.from(text.matchAll(/(?:src|href)="([^"]+)"/g), ([, file = '']) => file)
    expect(files.length).toBeGreaterThan(3)
    expect(text).not.toMatch(/<script(?! src=)|<style|style=| on\w+=/)
    for (const file of files) {
      const response = await request(app).get(file)
      expect({ file, status: response.status }).toEqual({ file, status: 200 })
      expect(response.headers['content-type']).toMatch(/javascript|css|png/)
    }
  })

  test.each(['/docs/index.html', '/docs/package.json', '/docs/..%2fpackage.json', '/docs/x', '/docsx'])(
    'When %s is requested, then the response is a 404',
    async (path) => {
      await request(makeApp([])).get(path).expect(404, { message: 'Not found' })
    },
  )

  test.each(['/docs', '/openapi.json', '/docs/:page'])(
    'When a step has the path %s, then the step responds',
    async (path) => {
      await request(makeApp([path]))
        .get(path.replace(':page', 'start.js'))
        .expect(200, { step: path })
    },
  )
})
