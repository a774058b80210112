import assert from 'node:assert/strict'
import { Validator } from '@seriousme/openapi-schema-validator'
import Ajv from 'ajv/dist/2020'
import fc from 'fast-check'
import { startServer } from '../support/server'
import { type Answer, Client } from './client'
import type { Chaos } from './scenario'
import { isObject, type Json, nearlyValid, objectOf, valuesOf } from './schema-values'

/** An operation of the document. */
interface Operation {
  method: string
  path: string
  definition: Json
}

/** A request to an operation, and what the document says about it. */
interface Sent {
  operation: Operation
  /** The path with its parameters and query. */
  target: string
  headers: Record<string, string>
  body: unknown
  /** The statuses that the document leaves to the server. */
  allowed: readonly number[]
}

const SECRET = '0123456789abcdef'
const KEY = { 'X-API-Key': SECRET }
const WRONG_KEY = { 'X-API-Key': 'fedcba9876543210' }

/** Headers that every HTTP server sends, or that every response of this one has. */
const COMMON_HEADERS =
  /^(date|connection|keep-alive|transfer-encoding|content-(length|type|security-policy)|x-content-type-options|cross-origin-resource-policy|referrer-policy|cache-control)$/

/** The document, as the tests read it. */
class Contract {
  readonly operations: Operation[]
  readonly #document: Json
  readonly #ajv = new Ajv({ strict: false })

  constructor(document: Json) {
    this.#document = document
    // A field that the document does not name must not be there.
    const closed: Json = JSON.parse(JSON.stringify(document), (_key, value) =>
      isObject(value) && value.type === 'object' && value.properties
        ? { additionalProperties: false, ...value }
        : value,
    )
    this.#ajv.addSchema({ ...closed, $id: 'closed' }).addSchema({ ...document, $id: 'open' })
    this.operations = Object.entries(objectOf(document.paths)).flatMap(([path, item]) =>
      Object.entries(objectOf(item)).map(([method, definition]) => ({
        ...{ method: method.toUpperCase(), path },
        definition: objectOf(definition),
      })),
    )
  }

  /** Returns the part to which a reference of the document points. */
  readonly resolve = (reference: string): Json =>
    reference
      .replace(/^#\//, '')
      .split('/')
      .reduce<Json>((part, key) => objectOf(part[key]), this.#document)

  values(schema: unknown): fc.Arbitrary<unknown> {
    return valuesOf(objectOf(schema), this.resolve)
  }

  /** Returns what is wrong with a value; null if the schema accepts it. */
  problem(schema: unknown, value: unknown, root: 'open' | 'closed' = 'open'): string | null {
    const text = JSON.stringify(schema).replaceAll('"$ref":"#/', `"$ref":"${root}#/`)
    const validate = this.#compiled.get(root + text) ?? this.#ajv.compile(JSON.parse(text))
    this.#compiled.set(root + text, validate)
    return validate(value) ? null : this.#ajv.errorsText(validate.errors)
  }
  readonly #compiled = new Map<string, ReturnType<Ajv['compile']>>()

  /** Returns whether a schema accepts the parsed text of a parameter. */
  acceptsText(schema: unknown, text: string): boolean {
    const meaning = String(Number(text)) === text ? [text, Number(text)] : [text]
    return meaning.some((value) => this.problem(schema, value) === null)
  }

  /** Returns the documented response of that status. */
  response({ definition }: Operation, status: number): Json | null {
    const { [status]: own, default: other } = objectOf(definition.responses)
    return own === undefined && other === undefined ? null : this.#whole(own ?? other)
  }

  /** Returns a part of the document, or the one that it refers to. */
  readonly #whole = (part: unknown): Json => {
    const { $ref } = objectOf(part)
    return typeof $ref === 'string' ? this.resolve($ref) : objectOf(part)
  }

  /** Returns requests to one operation. */
  requests(operation: Operation, ids: readonly string[]): fc.Arbitrary<Sent> {
    const { definition, path } = operation
    const parameters = Array.isArray(definition.parameters) ? definition.parameters.map(this.#whole) : []
    const texts = parameters.map((parameter) =>
      this.#texts(parameter, ids).map((text) => ({ name: String(parameter.name), parameter, text })),
    )
    const schema = bodySchemaOf(operation)
    const valid = schema ? this.values(schema) : fc.constant(undefined)
    const body = schema
      ? fc.oneof({ weight: 2, arbitrary: valid }, { weight: 1, arbitrary: nearlyValid(valid) })
      : valid
    return fc.tuple(fc.tuple(...texts), body).map(([given, value]) => {
      const sent = given.flatMap(({ text, ...rest }) => (text === null ? [] : [{ ...rest, text }]))
      const inPlace = (place: string) => sent.filter(({ parameter }) => parameter.in === place)
      const filled = inPlace('path').reduce(
        (target, { name, text }) => target.replace(`{${name}}`, encodeURIComponent(text)),
        path,
      )
      const query = new URLSearchParams(inPlace('query').map(({ name, text }): [string, string] => [name, text]))
      const isValid =
        sent.every(({ parameter, text }) => this.acceptsText(parameter.schema, text)) &&
        (!schema || this.problem(schema, value) === null)
      return {
        operation,
        target: query.size > 0 ? `${filled}?${query}` : filled,
        headers: Object.fromEntries(inPlace('header').map(({ name, text }) => [name, text])),
        body: value === undefined ? undefined : JSON.stringify(value),
        allowed: isValid ? statusesOf(operation).filter((status) => status !== 400) : [400],
      }
    })
  }

  /** Returns what a client sends as a parameter, valid or not; null if it leaves the parameter out. */
  #texts({ in: place, required, schema }: Json, ids: readonly string[]): fc.Arbitrary<string | null> {
    const known = place === 'path' ? [{ weight: 12, arbitrary: fc.constantFrom(...ids) }] : []
    const printable = fc.stringMatching(/^[!-~]{1,20}$/)
    const text = fc.oneof(
      ...known,
      { weight: 3, arbitrary: place === 'header' ? printable : this.values(schema).map(String) },
      {
        weight: 1,
        arbitrary: place === 'header' ? fc.constantFrom('*', 'two words') : fc.string({ unit: 'grapheme' }),
      },
    )
    // A URL cannot have these as a segment.
    if (place === 'path') return text.filter((value) => !['', '.', '..'].includes(value))
    // Random preconditions make most changes fail.
    return required ? text : fc.option(text, { freq: place === 'header' ? 1 : 2 })
  }

  /** Throws if the document does not describe this response to a request. */
  check({ operation, target, body, allowed }: Sent, answer: Answer): void {
    const what = `${operation.method} ${target} ${String(body)}: ${answer.status} ${answer.text.slice(0, 500)}`
    assert(allowed.includes(answer.status), `not one of ${allowed}: ${what}`)
    const response = this.response(operation, answer.status)
    assert(response, `not documented: ${what}`)
    const [type, content] = Object.entries(objectOf(response.content))[0] ?? []
    if (type) {
      assert.equal(answer.headers['content-type']?.split(';')[0], type, what)
      assert.equal(this.problem(objectOf(content).schema, answer.body, 'closed'), null, what)
    } else assert.equal(answer.text, '', what)
    const documented = new Map(Object.entries(objectOf(response.headers)).map(([key, of]) => [key.toLowerCase(), of]))
    for (const [name, header] of documented) {
      const value = answer.headers[name]
      const { required, schema } = this.#whole(header)
      assert(value !== undefined || !required, `no header ${name}: ${what}`)
      assert(value === undefined || this.acceptsText(schema, String(value)), `header ${name}: ${value}: ${what}`)
    }
    const others = Object.keys(answer.headers).filter((name) => !documented.has(name) && !COMMON_HEADERS.test(name))
    assert.deepEqual(others, [], `headers that are not documented: ${what}`)
  }
}

const bodySchemaOf = ({ definition }: Operation): unknown =>
  objectOf(objectOf(objectOf(definition.requestBody).content)['application/json']).schema

/** The statuses of a valid request, or of none, while the server works. */
const statusesOf = ({ definition }: Operation): number[] =>
  Object.keys(objectOf(definition.responses))
    .map(Number)
    .filter((status) => status < 500 && ![401, 403, 405, 413, 415].includes(status))

const needsKey = ({ definition: { responses } }: Operation): boolean => '401' in objectOf(responses)

/** Returns requests that no schema can describe: each is refused before the step sees it. */
const refusedRequests = (operation: Operation): fc.Arbitrary<Sent> => {
  const target = operation.path.replaceAll(/{\w+}/g, '1')
  const sent = (allowed: number[], body: string, headers: Record<string, string> = {}, method = operation.method) =>
    ({ operation: { ...operation, method }, target, headers, body, allowed }) satisfies Sent
  const withoutBody = [
    { ...sent([405], '', {}, 'PATCH'), body: undefined },
    ...(needsKey(operation) ? [sent([401], '', WRONG_KEY)] : []),
  ]
  if (!bodySchemaOf(operation)) return fc.constantFrom(...withoutBody)
  return fc.constantFrom(
    ...withoutBody,
    ...['{', '', '"x', '[]', 'null', '\u0000'].map((body) => sent([400], body)),
    sent([413], JSON.stringify({ name: 'x'.repeat(200_000) })),
    sent([415], '{}', { 'Content-Encoding': 'nonsense' }),
  )
}

/**
 * Sends valid and invalid requests, generated from the document of a running server, to all of its operations. Each response
 * must have a documented status, and exactly the body and headers of that status. The server and the document must agree on
 * whether the request was valid.
 */
export const contract = async ({ seed, say }: Chaos, { requests }: { requests: number }): Promise<void> => {
  const server = await startServer({ env: { PETS_METRICS: '1', PETS_API_KEYS: `contract:${SECRET}` } })
  const client = new Client(server.url)
  const { body: document } = await client.send('GET', '/openapi.json', undefined, KEY)
  assert(isObject(document))
  const { valid, errors } = await new Validator().validate(structuredClone(document))
  assert(valid, `The document is not OpenAPI: ${JSON.stringify(errors)}`)
  const api = new Contract(document)
  const ids = ['1', '2', '3']
  for (const _ of ids) await client.send('POST', '/js/pets', { name: 'Rex', species: 'dog', ageMonths: 1 }, KEY)
  const sent = fc.oneof(
    ...api.operations.flatMap((operation) => [
      { weight: 10, arbitrary: api.requests(operation, ids) },
      { weight: 1, arbitrary: refusedRequests(operation) },
    ]),
  )
  const counts = new Map<string, number>()
  const count = (key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)
  await fc.assert(
    fc.asyncProperty(sent, async (request) => {
      const { operation, target, body, headers } = request
      const answer = await client.send(operation.method, target, body, { ...KEY, ...headers })
      count(String(answer.status))
      if (answer.status < 300) count(`${operation.method} ${operation.path}`)
      api.check(request, answer)
    }),
    { seed, numRuns: requests },
  )
  const silent = api.operations.filter(({ method, path }) => !counts.has(`${method} ${path}`))
  assert.deepEqual(silent, [], 'These operations never succeeded')
  client.close()
  await server.stop()
  const statuses = [...counts].filter(([key]) => /^\d+$/.test(key)).map(([key, number]) => `${key}: ${number}`)
  say(`${requests} requests to ${api.operations.length} operations: ${statuses.sort().join(', ')}`)
}
