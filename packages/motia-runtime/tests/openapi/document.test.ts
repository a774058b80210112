import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openApiDocument } from '../../src/openapi/document'
import type { ApiOperation } from '../../src/openapi/operation'

const listNotes: ApiOperation = {
  ...{ name: 'ListNotes', method: 'GET', path: '/notes', responseSchema: {} },
}

const makeDocument = (operations: Partial<ApiOperation>[], api = {}) => {
  const document = openApiDocument({
    ...{ title: 'Notes', version: '1.2.3', hasMetrics: false, needsKey: false },
    operations: operations.map((operation) => ({ ...listNotes, ...operation })),
    ...api,
  })
  // As a client gets it.
  return JSON.parse(JSON.stringify(document))
}

const refTo = (name: string) => ({ $ref: `#/components/schemas/${name}` })
const headerRef = (name: string) => ({ $ref: `#/components/headers/${name}` })
const jsonOf = (schema: unknown) => ({ 'application/json': { schema } })

describe('an operation', () => {
  test('When a step has a name, a description and flows, then these are its id, summary and tags', () => {
    const document = makeDocument([{ description: 'Lists notes', flows: ['notes', 'all'] }])
    const operation = { operationId: 'ListNotes', summary: 'Lists notes', tags: ['notes', 'all'] }
    expect(document.info).toEqual({ title: 'Notes', version: '1.2.3' })
    expect(document.paths['/notes'].get).toMatchObject(operation)
  })

  test.each([
    ['/notes/:id', '/notes/{id}', ['id']],
    ['/notes/:id(\\d+)/tags/:tag?', '/notes/{id}/tags/{tag}', ['id', 'tag']],
    ['/files/*', '/files/{wildcard}', ['wildcard']],
  ])('When its path is %s, then the document has %s, with its parameters', (path, written, names) => {
    const { parameters } = makeDocument([{ path }]).paths[written].get
    expect(parameters).toEqual(names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })))
  })

  test('When it has query parameters, path parameters and headers, then each has its description and schema', () => {
    const queryParams = [{ name: 'limit', description: 'At most this many' }]
    const limit = z.string().transform(Number).pipe(z.int().min(1).max(9)).default(9)
    const api = {
      operation: () => ({
        path: z.object({ id: z.string().meta({ examples: ['7'] }) }),
        query: z.object({ limit, order: z.enum(['up', 'down']), after: z.string().nullable().default(null) }),
        headers: z.object({ 'If-Match': z.string().optional().meta({ description: 'An ETag' }) }),
      }),
    }
    expect(makeDocument([{ path: '/notes/:id', queryParams }], api).paths['/notes/{id}'].get.parameters).toEqual([
      { name: 'id', in: 'path', required: true, schema: { type: 'string', examples: ['7'] } },
      {
        ...{ name: 'limit', in: 'query', required: false, description: 'At most this many' },
        schema: { type: 'integer', minimum: 1, maximum: 9, default: 9 },
      },
      { name: 'order', in: 'query', required: true, schema: { type: 'string', enum: ['up', 'down'] } },
      { name: 'after', in: 'query', required: false, schema: { type: 'string' } },
      { name: 'If-Match', in: 'header', required: false, description: 'An ETag', schema: { type: 'string' } },
    ])
  })

  test('When a response has headers, an example and a meaning, then the document has them, and no body for a 304', () => {
    const api = {
      statuses: { 200: { description: 'The notes', example: ['milk'] } },
      operation: () => ({ responseHeaders: { 304: z.object({ ETag: z.string() }) } }),
    }
    const schema = z.array(z.string())
    const { responses } = makeDocument([{ responseSchema: { 200: schema, 304: z.null() } }], api).paths['/notes'].get
    expect(responses[200]).toMatchObject({
      description: 'The notes',
      content: { 'application/json': { schema: { type: 'array', items: { type: 'string' } }, example: ['milk'] } },
    })
    expect(responses[304]).toEqual({
      description: 'Not Modified',
      headers: { 'X-Trace-Id': headerRef('X-Trace-Id'), ETag: { required: true, schema: { type: 'string' } } },
    })
  })

  test('When its response is an object, then it has an ETag, and a GET is conditional; a list and an error are not', () => {
    const responseSchema = { 200: z.object({ id: z.string() }).meta({ id: 'Note' }), 404: z.object({}) }
    const list = { path: '/all', responseSchema: { 200: z.array(z.string()) } }
    const { paths } = makeDocument([{ responseSchema }, { method: 'PUT', responseSchema }, list])
    const { get, put } = paths['/notes']
    expect(get.responses[200].headers).toHaveProperty('ETag', headerRef('ETag'))
    expect(get.responses[404].headers).not.toHaveProperty('ETag')
    expect(get.parameters).toEqual([{ $ref: '#/components/parameters/If-None-Match' }])
    expect(get.responses).toHaveProperty('304')
    expect(put.responses[200].headers).toHaveProperty('ETag')
    for (const operation of [put, paths['/all'].get]) {
      expect(operation).not.toHaveProperty('parameters')
      expect(operation.responses).not.toHaveProperty('304')
    }
    expect(paths['/all'].get.responses[200].headers).not.toHaveProperty('ETag')
  })

  test('When the runtime can respond in its place, then those statuses are listed too, unless the step has its own', () => {
    const bodySchema = z.object({ text: z.string() })
    const responseSchema = { 201: bodySchema, 503: z.object({ why: z.string() }) }
    const { paths } = makeDocument([{ method: 'POST', bodySchema, responseSchema }, {}])
    const { post, get } = paths['/notes']
    expect(Object.keys(post.responses)).toEqual(['201', '400', '403', '413', '415', '500', '503', 'default'])
    expect(Object.keys(get.responses)).toEqual(['403', '500', '503', 'default'])
    expect(get.responses[503]).toEqual({ $ref: '#/components/responses/ServiceUnavailable' })
    expect(post.responses[503].content).toMatchObject(jsonOf({ required: ['why'] }))
  })
})

describe('a schema', () => {
  const note = z.object({ id: z.string(), colour: z.string().default('red') }).meta({ id: 'Note' })

  test('When it has an id, then it is a component, which others refer to', () => {
    const list = z.object({ notes: z.array(note) }).meta({ id: 'Notes' })
    const document = makeDocument([{ responseSchema: { 200: list, 201: note } }])
    const { responses } = document.paths['/notes'].get
    expect(responses[200].content).toEqual(jsonOf(refTo('Notes')))
    expect(responses[201].content).toEqual(jsonOf(refTo('Note')))
    expect(document.components.schemas.Notes.properties).toEqual({ notes: { type: 'array', items: refTo('Note') } })
    expect(Object.keys(document.components.schemas).sort()).toEqual(['Note', 'Notes'])
  })

  test('When a client may send another form than it gets, then each form has a component', () => {
    const operation: Partial<ApiOperation> = { method: 'POST', bodySchema: note, responseSchema: { 201: note } }
    const { paths, components } = makeDocument([operation, { ...operation, path: '/more' }])
    const { requestBody, responses } = paths['/notes'].post
    expect(requestBody).toEqual({ required: true, content: jsonOf(refTo('Note2')) })
    expect(responses[201].content).toEqual(jsonOf(refTo('Note')))
    expect(components.schemas.Note2.required).toEqual(['id'])
    expect(components.schemas.Note.required).toEqual(['id', 'colour'])
    expect(Object.keys(components.schemas)).toEqual(['Note', 'Note2'])
  })

  test('When it contains itself, then it is a component too', () => {
    const tree = z.object({
      get children() {
        return z.array(tree)
      },
    })
    const { paths, components } = makeDocument([{ responseSchema: { 200: tree } }])
    expect(paths['/notes'].get.responses[200].content).toEqual(jsonOf(refTo('ListNotes200')))
    expect(components.schemas.ListNotes200.properties.children.items).toEqual(refTo('ListNotes200'))
  })

  test('When it is JSON Schema with definitions, then these are components', () => {
    const schema = { $ref: '#/definitions/Tag', definitions: { Tag: { type: 'string' } } }
    const { paths, components } = makeDocument([{ responseSchema: { 200: schema } }])
    expect(paths['/notes'].get.responses[200].content).toEqual(jsonOf(refTo('Tag')))
    expect(components.schemas.Tag).toEqual({ type: 'string' })
  })

  test('When an object may get fields later, then the document does not exclude them, unless it is strict', () => {
    const responseSchema = { 200: z.object({ a: z.string() }), 201: z.strictObject({ a: z.string() }) }
    const { responses } = makeDocument([{ responseSchema }]).paths['/notes'].get
    expect(responses[200].content['application/json'].schema).not.toHaveProperty('additionalProperties')
    expect(responses[201].content['application/json'].schema).toHaveProperty('additionalProperties', false)
  })
})

test('When the runtime serves metrics, then the document has them, and otherwise not', () => {
  expect(makeDocument([]).paths).not.toHaveProperty('/metrics')
  const { responses } = makeDocument([], { hasMetrics: true }).paths['/metrics'].get
  expect(responses[200].content).toEqual({ 'text/plain': { schema: { type: 'string' } } })
})

test('When clients need a key, then each operation except the probes asks for one, and can respond with a 401', async () => {
  const document = makeDocument([{ flows: ['notes'] }], { needsKey: true })
  expect(document.security).toEqual([{ bearer: [] }, { apiKey: [] }])
  expect(Object.keys(document.components.securitySchemes)).toEqual(['bearer', 'apiKey'])
  for (const path of ['/notes', '/health']) {
    const { get } = document.paths[path]
    expect(get).not.toHaveProperty('security')
    expect(get.responses[401]).toEqual({ $ref: '#/components/responses/Unauthorized' })
  }
  for (const path of ['/livez', '/readyz']) {
    const { get } = document.paths[path]
    expect(get.security).toEqual([])
    expect(get.responses).not.toHaveProperty('401')
  }
  expect(await new Validator().validate(document)).toMatchObject({ valid: true })
})

test('When clients need no key, then the document mentions none', async () => {
  const document = makeDocument([{ flows: ['notes'] }])
  expect(document).not.toHaveProperty('security')
  expect(document.components).not.toHaveProperty('securitySchemes')
  expect(document.paths['/notes'].get.responses).not.toHaveProperty('401')
  expect(await new Validator().validate(document)).toMatchObject({ valid: true })
})
