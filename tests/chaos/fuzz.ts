import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { NAMESPACES } from '../../src/pets/pet'
import { startServer } from '../support/server'
import { waitFor } from '../support/wait-for'
import { Client } from './client'
import { Random } from './random'
import { type Chaos, checkNothingLeft, waitForRest } from './scenario'
import { makeFolder } from './world'

/** A request as it is sent, with its description for failure messages. */
interface Shot {
  what: string
  bytes: Buffer
  /** The connection ends after this many bytes. Otherwise it stays open until the response has arrived. */
  cutAt?: number
  /** Whether the server may execute it, so that the store may change. */
  isValid?: boolean
}

const METHODS = [
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'get',
  'P\u00d6ST',
] as const
const PATHS = [
  ...['/JS/pets/', '/js/pets/1/', '/health', ...NAMESPACES.flatMap((ns) => [`/${ns}/pets`, `/${ns}/pets/1`])],
  ...['/', '//', '/js//pets', '/js/pets/../../etc/passwd', '/js/pets/%2e%2e%2f', '/js/pets/%00', '/js/pets/%E0%A4%A'],
  ...[
    '/js/pets/%',
    '/js/pets/__proto__',
    '/js/pets/constructor',
    '/js/pets/1%2F..',
    '/js/pets/-1',
    '/js/pets/1e0',
    '/*',
  ],
  ...[
    '/emit',
    '/__motia',
    '/__motia/flows',
    '/__motia/step/x',
    '/__motia/motia.config.ts',
    '/@vite/client',
    '/favicon.ico',
  ],
  ...[
    '*',
    'http://example.com/js/pets',
    'http://[',
    'http://user:pw@host:99999/js/pets',
    '/js/pets?limit=1',
    '/js/pets/1?%',
  ],
  ...[
    '/js/pets?limit=-1',
    '/js/pets?after=%00',
    '/js/pets?__proto__[x]=1',
    `/js/pets/${'9'.repeat(300)}`,
    `/${'a/'.repeat(900)}`,
  ],
  '/js/pets/\ud83d\udc3e',
] as const
const TYPES = [
  ...['application/json', 'application/json; charset=utf-8', 'application/json; charset=utf-7', 'text/plain', 'x', ''],
  ...['application/json; charset=utf-16', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded'],
] as const
const VALUES = [
  ...['"Rex"', '""', '"   "', 'null', 'true', '[]', '{}', '-0', '1e400', '-1e-400', '1', '0.5', '"dog"', '"\\ud800"'],
  ...[
    '"\\u0000"',
    '{"toString": 1}',
    '9007199254740993',
    '"<script>"',
    '"\\u202e\\ufeff"',
    'NaN',
    "'dog'",
    '01',
    '"deleted"',
  ],
] as const
const KEYS = [
  'name',
  'species',
  'ageMonths',
  'status',
  'id',
  'purgeAt',
  'owed',
  'purged',
  '__proto__',
  'constructor',
  '',
] as const

const valid = (random: Random): string =>
  JSON.stringify({ name: `Fuzz ${random.int(0, 1e6)}`, species: 'cat', ageMonths: random.int(0, 99) })

const objectText = (random: Random): string =>
  `{${Array.from({ length: random.int(0, 8) }, () => `"${random.pick(KEYS)}": ${random.pick(VALUES)}`).join(', ')}}`

const bodyText = (random: Random): Buffer => {
  const kind = random.int(0, 9)
  if (kind <= 3) return Buffer.from(objectText(random))
  if (kind === 4) return Buffer.from(valid(random).slice(0, random.int(0, 40)))
  if (kind === 5) return Buffer.from('['.repeat(random.int(1, 60_000)))
  if (kind === 6)
    return Buffer.from(`{"name": ${'['.repeat(20_000)}${']'.repeat(20_000)}, "species": "cat", "ageMonths": 1}`)
  if (kind === 7) return Buffer.from(Array.from({ length: random.int(1, 200) }, () => random.int(0, 255)))
  if (kind === 8) return Buffer.from(`{"name": "${'x'.repeat(random.int(100_000, 400_000))}"}`)
  return Buffer.from(valid(random), 'utf16le')
}

const BOMB = gzipSync(Buffer.alloc(20_000_000, ' '))

const encodingOf = (random: Random, body: Buffer): [name: string, bytes: Buffer] => {
  const kind = random.int(0, 11)
  if (kind === 0) return ['gzip', gzipSync(body)]
  if (kind === 1) return ['deflate', deflateSync(body)]
  if (kind === 2) return ['br', brotliCompressSync(body.subarray(0, 2_000))]
  if (kind === 3) return ['gzip', BOMB]
  if (kind === 4) return ['gzip', gzipSync(body).subarray(0, -5)]
  if (kind === 5) return [random.pick(['gzip', 'identity', 'gzip, gzip', 'nonsense']), body]
  return ['', body]
}

const chunked = (random: Random, body: Buffer, isWhole: boolean): Buffer => {
  const parts: Buffer[] = []
  for (let at = 0; at < body.length; ) {
    const size = random.int(1, Math.max(1, Math.ceil(body.length / 3)))
    const chunk = body.subarray(at, at + size)
    const declared = !isWhole && random.chance(0.02) ? 'zz' : chunk.length.toString(16)
    parts.push(Buffer.from(`${declared}\r\n`), chunk, Buffer.from('\r\n'))
    at += size
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')])
}

const headerOf = (random: Random): string => {
  const kind = random.int(0, 12)
  if (kind === 0) return `X-Long: ${'y'.repeat(random.int(1_000, 30_000))}\r\n`
  if (kind === 1) return 'Transfer-Encoding: gzip\r\n'
  if (kind === 2) return 'Expect: 100-continue\r\n'
  if (kind === 3)
    return 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n'
  if (kind === 4) return 'Origin: http://evil.example\r\nSec-Fetch-Site: cross-site\r\n'
  if (kind === 5) return 'X-HTTP-Method-Override: DELETE\r\nX-Forwarded-For: 1.2.3.4, <x>\r\n'
  if (kind === 6) return 'Broken header\r\n'
  if (kind === 7) return 'Range: bytes=0-1\r\nIf-None-Match: *\r\nAccept: text/html\r\nCookie: a=%00\r\n'
  return ''
}

const makeShot = (random: Random, mayBeValid: boolean): Shot => {
  if (random.chance(0.03)) {
    const noise = Buffer.from(Array.from({ length: random.int(1, 300) }, () => random.int(0, 255)))
    return { what: 'noise', bytes: Buffer.concat([noise, Buffer.from('\r\n\r\n')]) }
  }
  const [isValid, isRequest] = [mayBeValid && random.chance(0.3), random.chance(0.7)]
  const method = isValid ? 'POST' : random.pick(METHODS)
  const path = isValid
    ? '/js/pets'
    : isRequest
      ? `/${random.pick(NAMESPACES)}/pets${random.pick(['', '/1', '/2', '/999'])}`
      : random.pick(PATHS)
  const [encoding, body] = isValid ? ['', Buffer.from(valid(random))] : encodingOf(random, bodyText(random))
  const isChunked = random.chance(0.3)
  const length = isValid || random.chance(0.95) ? body.length : random.int(0, 2 * body.length)
  const head = [
    `${method} ${path} HTTP/${isValid || random.chance(0.97) ? '1.1' : random.pick(['1.0', '2.0', '9'])}\r\n`,
    'Host: 127.0.0.1\r\nConnection: close\r\n',
    `Content-Type: ${isValid ? 'application/json' : random.pick(TYPES)}\r\n`,
    encoding && `Content-Encoding: ${encoding}\r\n`,
    isChunked ? 'Transfer-Encoding: chunked\r\n' : `Content-Length: ${length}\r\n`,
    isValid ? '' : headerOf(random),
    '\r\n',
  ].join('')
  // If a request asks for an upgrade, Node leaves a broken chunk of it waiting until the request times out.
  const isWhole = isValid || head.includes('Upgrade')
  const bytes = Buffer.concat([Buffer.from(head), isChunked ? chunked(random, body, isWhole) : body])
  const isCut = !isValid && (random.chance(0.1) || (!isChunked && length > body.length))
  return {
    what: JSON.stringify(head.slice(0, 300)),
    bytes,
    ...(isCut
      ? { cutAt: Math.min(bytes.length, length > body.length ? bytes.length : random.int(1, bytes.length)) }
      : {}),
    isValid,
  }
}

/** Sends the bytes over a separate connection. Returns everything that came back. */
const fire = (port: number, { bytes, cutAt }: Shot): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1')
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`not closed within 20 s, after ${JSON.stringify(text.slice(0, 200))}`))
    }, 20_000)
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
    })
    // A server that refuses a body early closes the connection while it is being sent. Its earlier response counts.
    socket.on('error', () => {})
    socket.once('close', () => {
      clearTimeout(timer)
      resolve(text)
    })
    if (cutAt === undefined) socket.write(bytes)
    else socket.write(bytes.subarray(0, cutAt), () => socket.destroySoon())
  })

const LEAKS =
  /node_modules|\bat (async )?[\w.<>]+ \(|\w\.(ts|js|mjs):\d|\/(tmp|home|root|work|usr)\/|<pre>|<!DOCTYPE|ENOENT|Express/i

const checkAnswer = (shot: Shot, answer: string): number => {
  const status = Number(/^(?:HTTP\/1\.1 100 Continue\r\n\r\n)?HTTP\/1\.\d (\d{3})/.exec(answer)?.[1] ?? 0)
  assert(status < 500, `a ${status} to ${shot.what}:\n${answer.slice(0, 500)}`)
  assert(!LEAKS.test(answer), `a response tells too much, to ${shot.what}:\n${answer.slice(0, 800)}`)
  if (shot.isValid) assert.equal(status, 201, `a valid request was refused: ${shot.what}:\n${answer.slice(0, 500)}`)
  return status
}

/** Returns the resident memory of a process, in MB. */
const memoryOf = (pid: number): number => {
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(kilobytes) / 1_024)
}

/** Returns whether a response says that the store was changed, or may have been. */
const isChange = (method: string, status: number): boolean =>
  status >= 200 && status < 300 && /^(POST|PUT|DELETE)/.test(method)

/**
 * Sends random requests over raw sockets to a running production server. No response may be a 5xx, or contain a stack or a path.
 * A refused request must not change the store. Memory must stay flat.
 */
export const fuzz = async ({ seed, say }: Chaos, { shots }: { shots: number }): Promise<void> => {
  const random = new Random(seed)
  const world = await makeFolder()
  const server = await startServer(world.options)
  const client = new Client(server.url)
  for (let id = 1; id <= 2; id++) await client.send('POST', '/js/pets', { name: 'Rex', species: 'dog', ageMonths: 1 })
  const stored = async () => (await client.send('GET', '/js/pets')).text
  const whenJobsAreDone = async () => {
    await waitFor(async () => (await world.store.list()).every(({ notes }) => notes), { what: 'the jobs' })
    await waitForRest(world, 10_000)
  }
  await whenJobsAreDone()
  const statuses = new Map<number, number>()
  const memory: number[] = []
  let compared = 0
  const batch = 8
  for (let sent = 0; sent < shots; sent += batch) {
    // If every request of a volley was refused, the list of pets is compared byte for byte.
    const mayBeValid = (sent / batch) % 4 === 0
    const volley = Array.from({ length: batch }, () => makeShot(random, mayBeValid))
    const before = await stored()
    const answers = await Promise.all(
      volley.map(async (shot) => {
        const answer = await fire(server.port, shot).catch((error) =>
          assert.fail(
            `${error.message}: ${shot.what} cut at ${shot.cutAt} of ${shot.bytes.length}: ${JSON.stringify(shot.bytes.toString('latin1', 0, 1_000))}`,
          ),
        )
        const status = checkAnswer(shot, answer)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        return { status, method: shot.bytes.toString('latin1', 0, 8), isCut: shot.cutAt !== undefined }
      }),
    )
    const mayChange = answers.some(({ method, status, isCut }) => isChange(method, status) || (isCut && status === 0))
    if (mayChange) await whenJobsAreDone()
    else {
      assert.equal(await stored(), before, `the store changed by ${volley.map(({ what }) => what).join('\n')}`)
      compared += 1
    }
    if (Math.floor((sent * 10) / shots) !== Math.floor(((sent + batch) * 10) / shots)) memory.push(memoryOf(server.pid))
    assert(server.isRunning(), `the server ended:\n${server.output().slice(-2_000)}`)
  }
  const healthy = await waitFor(async () => (await client.send('GET', '/health')).status === 200, {
    what: 'the health',
  })
  assert(healthy)
  client.close()
  const exit = await server.stop()
  assert.equal(exit.code, 0)
  assert(!/Unexpected error|Internal/.test(server.output()), `the server's log:\n${server.output().slice(-3_000)}`)
  checkNothingLeft(server.dataDir)
  const [from = 0, to = 0] = [Math.max(...memory.slice(0, Math.ceil(memory.length / 2))), memory.at(-1)]
  assert(to < from * 1.3 + 30, `memory grew: ${memory} MB`)
  const found = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status || 'none'}: ${count}`)
  assert(compared > shots / batch / 10, `only ${compared} volleys were all refused`)
  say(`${shots} requests: ${found.join(', ')}; memory ${from} to ${to} MB`)
}
