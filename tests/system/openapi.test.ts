import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import request from 'supertest'
import { expect, test } from 'vitest'
import { startChild } from '../support/child'
import { copyProject } from '../support/project-copy'
import { ROOT, serverEnvironment, startServer } from '../support/server'

test('When `npx motia generate openapi` is run, then it writes the document that a server has', {
  timeout: 30_000,
}, async () => {
  const { root } = copyProject()
  const command = ['npx', 'motia', 'generate', 'openapi', '--title', 'My shop', '-o', 'api.json']
  const generate = startChild(command, { cwd: root, env: serverEnvironment() })
  expect(await generate.exited, generate.output()).toMatchObject({ code: 0 })
  const document = JSON.parse(readFileSync(join(root, 'api.json'), 'utf8'))
  expect(await new Validator().validate(structuredClone(document))).toMatchObject({ valid: true })
  const server = await startServer()
  const { body } = await request(server.url).get('/openapi.json').expect(200)
  expect(document).toEqual({ ...body, info: { ...body.info, title: 'My shop' } })
  expect(Object.keys(document.paths)).toContain('/js/pets/{id}')
  // Motia's own command writes its own.
  expect(readFileSync(join(root, 'types.d.ts'), 'utf8')).toBe(readFileSync(join(ROOT, 'types.d.ts'), 'utf8'))
})

test('When PETS_DOCS is 0, then there is no documentation', async () => {
  const server = await startServer({ env: { PETS_DOCS: '0' } })
  for (const path of ['/openapi.json', '/docs', '/docs/swagger-ui.css']) {
    await request(server.url).get(path).expect(404, { message: 'Not found' })
  }
})
