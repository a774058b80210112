import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { readStep, readStream } from '../../src/steps/read-step'

const handler = async () => ({ status: 200, body: {} })

const api = { type: 'api', name: 'A', method: 'GET', path: '/a', emits: [] }
const event = { type: 'event', name: 'E', subscribes: ['a.done'], emits: [] }
const cron = { type: 'cron', name: 'C', cron: '0 2 * * *', emits: [] }
const noop = { type: 'noop', name: 'N', virtualEmits: ['x'], virtualSubscribes: [] }

describe('the config of a step', () => {
  test('When it contains what JSON cannot express, then Motia gets it without that', () => {
    const schema = { type: 'object', properties: { name: { type: 'string' } } }
    const config = {
      ...{ type: 'api', name: 'A', method: 'POST', path: '/a', emits: ['a'], middleware: [async () => {}] },
      ...{ bodySchema: schema, responseSchema: { 201: schema }, flows: ['pets'], queryParams: [{ name: 'q' }] },
    }
    expect(readStep('/p/a.step.ts', { config, handler })).toEqual({
      defined: { filePath: '/p/a.step.ts', version: '1', config: { ...config, middleware: [null] } },
    })
  })

  test.each([
    ['zod schemas', z.object({ name: z.string() })],
    ['zod schemas with ids', z.object({ name: z.string() }).meta({ id: 'Pet' })],
  ])('When it has %s, then Motia gets JSON Schema without references', (_, pet) => {
    const config = { ...api, bodySchema: pet, responseSchema: { 201: pet } }
    const schema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }
    expect(readStep('/p/a.step.ts', { config, handler })).toMatchObject({
      defined: { config: { bodySchema: schema, responseSchema: { 201: schema } } },
    })
  })

  test.each([
    ['exported by name', { config: api, handler }],
    ['exported as one object, as CommonJS does', { default: { config: api, handler } }],
    ['of a noop step, which needs no handler', { config: noop }],
    ['of an event step', { config: { ...event, infrastructure: { queue: { type: 'fifo', maxRetries: 0 } } }, handler }],
    ['of a step with six fields of cron', { config: { ...cron, cron: '*/10 * * * * *' }, handler }],
    ['with undefined keys', { config: { ...api, description: undefined }, handler }],
    [
      'with emits that have labels',
      { config: { ...api, emits: [{ topic: 'a', label: 'b', conditional: true }] }, handler },
    ],
    ['with a path of parameters', { config: { ...api, path: '/a/:id([0-9]+)/*' }, handler }],
  ])('When it is valid, %s, then the step is read', (_, module) => {
    expect(readStep('/p/a.step.ts', module)).toHaveProperty('defined')
  })

  const keys =
    'name, description, flows, virtualEmits, virtualSubscribes, type, method, path, emits, middleware, queryParams, bodySchema, responseSchema, includeFiles'

  test.each([
    ['no config', { handler }, ['exports no config']],
    ['no handler', { config: api }, ['exports no handler function']],
    ['a handler that is no function', { config: api, handler: 'x' }, ['exports no handler function']],
    [
      'a config that is no object',
      { config: 'x', handler },
      ["Invalid input: expected object, received string (is 'x')"],
    ],
  ])('When a file exports %s, then it is reported', (_, module, problems) => {
    expect(readStep('/p/a.step.ts', module)).toEqual({ problems })
  })

  test.each<[string, object, string | RegExp]>([
    [
      'an unknown type',
      { ...api, type: 'apii' },
      /^type: Invalid option.*"api"\|"event"\|"cron"\|"noop" \(is 'apii'\)$/,
    ],
    ['no type', { name: 'A' }, 'type: is missing'],
    ['an unknown key', { ...api, emit: [] }, `unknown key "emit" (known: ${keys})`],
    ['no name', { ...api, name: undefined }, 'name: is missing'],
    [
      'a name that no queue can have',
      { ...event, name: 'A:b' },
      "name: must not be empty or contain a colon or slash (is 'A:b')",
    ],
    [
      'a name that no file can have',
      { ...cron, name: '../x' },
      "name: must not be empty or contain a colon or slash (is '../x')",
    ],
    ['no emits', { ...api, emits: undefined }, 'emits: is missing'],
    ['a method in small letters', { ...api, method: 'get' }, /^method: Invalid option: .*"GET".* \(is 'get'\)$/],
    ['a path without a slash', { ...api, path: 'js/pets' }, "path: must begin with a slash (is 'js/pets')"],
    [
      'a path that express does not take',
      { ...api, path: '/js/pets/:(' },
      /^path: Invalid regular expression: .*\/js\/pets/,
    ],
    ['a path of the server', { ...api, path: '/health' }, "path: is a path of the server itself (is '/health')"],
    ['another one', { ...api, path: '/Livez' }, "path: is a path of the server itself (is '/Livez')"],
    [
      'a middleware that is no function',
      { ...api, middleware: ['log'] },
      "middleware.0: must be a function (is 'log')",
    ],
    [
      'a topic that no queue can have',
      { ...event, subscribes: ['a:b'] },
      "subscribes.0: a topic must not be empty or contain a colon (is 'a:b')",
    ],
    [
      'an emit that no queue can have',
      { ...api, emits: ['a:b'] },
      /^emits\.0(\.topic)?: a topic must not be empty or contain a colon \(is 'a:b'\)$/,
    ],
    [
      'an emit with an unknown key',
      { ...api, emits: [{ topic: 'a', lable: 'b' }] },
      'emits.0: unknown key "lable" (known: topic, label, conditional)',
    ],
    [
      'the same topic twice',
      { ...event, subscribes: ['a', 'a'] },
      "subscribes: contains a duplicate (is [ 'a', 'a' ])",
    ],
    ['the same flow twice', { ...api, flows: ['a', 'a'] }, "flows: contains a duplicate (is [ 'a', 'a' ])"],
    ["Motia's hidden flow", { ...api, flows: ['_plugin'] }, "flows.0: is a flow that Motia hides (is '_plugin')"],
    [
      'a wrong cron expression',
      { ...cron, cron: '0 99 * * *' },
      /^cron: the cron expression "0 99 \* \* \*" is invalid: [^(]+$/,
    ],
    [
      'a cron expression of four fields',
      { ...cron, cron: '* * * *' },
      /^cron: the cron expression "\* \* \* \*" is invalid/,
    ],
    [
      'negative concurrency',
      { ...event, infrastructure: { queue: { concurrency: -1 } } },
      /^infrastructure\.queue\.concurrency: .*>=1 \(is -1\)$/,
    ],
    [
      'half a retry',
      { ...event, infrastructure: { queue: { maxRetries: 1.5 } } },
      /^infrastructure\.queue\.maxRetries: .*int.* \(is 1\.5\)$/,
    ],
    [
      'a misspelt queue setting',
      { ...event, infrastructure: { queue: { maxRetrys: 1 } } },
      'infrastructure.queue: unknown key "maxRetrys" (known: type, maxRetries, visibilityTimeout, delaySeconds, concurrency)',
    ],
    [
      'a lease shorter than the handler',
      { ...event, infrastructure: { handler: { timeout: 20 }, queue: { visibilityTimeout: 10 } } },
      /^infrastructure\.queue\.visibilityTimeout: Visibility timeout \(10s\) must be greater/,
    ],
    [
      'a schema that Motia cannot show',
      { ...api, bodySchema: z.object({ at: z.date() }) },
      /^a schema is not JSON Schema: Date cannot be represented/,
    ],
    [
      'a schema that Motia does not take',
      { ...api, bodySchema: z.looseObject({ name: z.string() }) },
      /^bodySchema: additionalProperties: Invalid input: expected boolean/,
    ],
    ['a noop step without its links', { type: 'noop', name: 'N' }, /^virtualEmits: /],
  ])('When it has %s, then it is reported with its value', (_, config, problem) => {
    const result = readStep('/p/a.step.ts', { config, handler })
    expect(result).toEqual({
      problems: expect.arrayContaining([typeof problem === 'string' ? problem : expect.stringMatching(problem)]),
    })
  })

  test('When several things are wrong, then each is reported', () => {
    expect(readStep('/p/a.step.ts', { config: { ...api, method: 'get', path: 'x', emit: [] } })).toEqual({
      problems: [
        expect.stringMatching(/^method: /),
        expect.stringMatching(/^path: /),
        expect.stringMatching(/^unknown key "emit"/),
        'exports no handler function',
      ],
    })
  })
})

describe('the config of a stream', () => {
  const stream = { name: 'notes', schema: z.object({ text: z.string() }), baseConfig: { storageType: 'default' } }

  test('When it is valid, then the stream is read, with JSON Schema and its functions', () => {
    const canAccess = () => true
    expect(readStream('/p/notes.stream.ts', { config: { ...stream, canAccess } })).toEqual({
      defined: {
        filePath: '/p/notes.stream.ts',
        config: { ...stream, canAccess, schema: expect.objectContaining({ type: 'object', required: ['text'] }) },
      },
    })
  })

  test.each<[string, unknown, string | RegExp]>([
    ['no config', undefined, 'exports no config'],
    ['no name', { ...stream, name: '' }, /^name: must not be empty/],
    [
      "one of Motia's names",
      { ...stream, name: '__motia.logs' },
      /^name: must not be .*Motia’s \(is '__motia.logs'\)$/,
    ],
    ['no storage', { ...stream, baseConfig: undefined }, 'baseConfig: is missing'],
    ['an unknown storage', { ...stream, baseConfig: { storageType: 'disk' } }, /^baseConfig\.storageType: .*'disk'/],
    ['an unknown key', { ...stream, access: 1 }, 'unknown key "access" (known: name, schema, baseConfig, canAccess)'],
  ])('When it has %s, then it is reported', (_, config, problem) => {
    const problems = [typeof problem === 'string' ? problem : expect.stringMatching(problem)]
    expect(readStream('/p/notes.stream.ts', { config })).toEqual({ problems })
  })
})
