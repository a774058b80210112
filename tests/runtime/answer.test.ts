import { once } from 'node:events'
import { createServer, request as httpRequest, type Server } from 'node:http'
import express from 'express'
import type { ApiResponse, Step } from 'motia'
import request from 'supertest'
import { afterEach, expect, test } from 'vitest'
import { answerBy } from '../../src/runtime/answer'
import { keepJsonParts, keepJsonText } from '../../src/runtime/json-text'
import { freePort } from '../support/free-port'
import { waitFor } from '../support/wait-for'

const step: Step = {
  filePath: 'steps/a.step.ts',
  version: '1',
  config: { type: 'api', name: 'A', method: 'GET', path: '/', emits: [] },
}

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** A server whose step answers that; its URL. */
const answering = async (answer: ApiResponse<number, unknown>): Promise<string> => {
  const app = express()
  app.get('/', answerBy({ runApi: async () => answer }, step))
  const port = await freePort()
  const server = createServer(app).listen(port, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${port}`
}

test('An object is sent as JSON, with the status and headers of the step', async () => {
  const url = await answering({ status: 201, headers: { 'X-Pet': 'Rex' }, body: { name: 'Zoë' } })
  const { headers, text } = await request(url).get('/').expect(201, { name: 'Zoë' })
  expect(headers).toMatchObject({
    'x-pet': 'Rex',
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(text)),
  })
})

test('What keeps its JSON is sent so, in one piece or in its parts', async () => {
  await request(await answering({ status: 200, body: keepJsonText([1], () => '[ 1 ]') }))
    .get('/')
    .expect(200, '[ 1 ]')
  const { headers } = await request(
    await answering({ status: 200, body: keepJsonParts([1, 2], ['[1', ',"Zoë"', ']']) }),
  )
    .get('/')
    .expect(200, '[1,"Zoë"]')
  expect(headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'transfer-encoding': 'chunked',
  })
})

test('A HEAD of a body in parts has no body', async () => {
  const { text } = await request(await answering({ status: 200, body: keepJsonParts([1], ['[1', ']']) }))
    .head('/')
    .expect(200)
  expect(text ?? '').toBe('')
})

test('When a client leaves in the middle of a long body, then no more of it is made, and the server goes on', async () => {
  let sent = 0
  const parts = new Proxy(Array<string>(1_000).fill('x'.repeat(1_000_000)), {
    get: (target, key, receiver) => {
      if (typeof key === 'string' && /^\d+$/.test(key)) sent = Math.max(sent, Number(key))
      return Reflect.get(target, key, receiver)
    },
  })
  const url = await answering({ status: 200, body: keepJsonParts([], parts) })
  const left = new Promise<void>((resolve) => {
    httpRequest(url, (response) => {
      response.once('data', () => {
        response.destroy()
        resolve()
      })
    }).end()
  })
  await left
  await waitFor(async () => {
    const before = sent
    await new Promise((resolve) => setTimeout(resolve, 50))
    return sent === before && sent > 0
  })
  expect(sent).toBeLessThan(500)
  await request(url).head('/').expect(200)
})
