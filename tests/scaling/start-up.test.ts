import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { durabilityWarnings } from '../../src/store/redis/redis-check'
import { freePort } from '../support/free-port'
import { startRedis, type TestRedis } from '../support/redis'
import { refusalOf, startServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { ask } from './fleet'

/** A redis-server that speaks only TLS, with a self-signed certificate. */
const startTlsRedis = async (options: string[] = []): Promise<{ port: number; certificate: string }> => {
  const folder = makeTempDir('pets-tls-')
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  const files = ['-keyout', key, '-out', certificate, '-days', '2']
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...files, ...subject], { stdio: 'ignore' })
  const port = await freePort()
  const tls = ['--tls-port', String(port), '--tls-cert-file', certificate, '--tls-key-file', key]
  await startRedis([...tls, '--tls-auth-clients', 'no', '--appendonly', 'yes', ...options], { port: 0 })
  return { port, certificate }
}

let guarded: TestRedis
let tls: { port: number; certificate: string }

beforeAll(async () => {
  ;[guarded, tls] = await Promise.all([startRedis(['--requirepass', 'secret', '--appendonly', 'no']), startTlsRedis()])
})

/** Returns the output of a server that is started on such a Redis and ends. */
const refusal = (url: string) => refusalOf({ env: { REDIS_URL: url } })

test('When the Redis of the settings cannot be used, then one line says why, without the password', async () => {
  const nobody = await freePort()
  const mute = createServer().listen(await freePort(), '127.0.0.1')
  await once(mute, 'listening')
  const [invalid, down, silent, unknown, noPassword, badPassword, plain, untrusted] = await Promise.all([
    refusal('http://:hidden@127.0.0.1'),
    refusal(`redis://127.0.0.1:${nobody}`),
    refusal(`redis://127.0.0.1:${Object(mute.address()).port}`),
    refusal('redis://no-such-host.invalid'),
    refusal(guarded.url),
    refusal(guarded.url.replace('//', '//:hidden@')),
    refusal(`redis://127.0.0.1:${tls.port}`),
    refusal(`rediss://127.0.0.1:${tls.port}`),
  ])
  mute.close()
  expect(invalid).toBe('✗ REDIS_URL must be a redis:// or rediss:// URL (it is "http://…@127.0.0.1")\n')
  expect(down).toBe(`✗ Redis at 127.0.0.1:${nobody} cannot be used: connect ECONNREFUSED 127.0.0.1:${nobody}\n`)
  expect(silent).toMatch(/^✗ Redis at \S+ cannot be used: connected, but no reply within 10 s\n$/)
  expect(unknown).toMatch(/^✗ Redis at no-such-host\.invalid:6379 cannot be used: getaddrinfo [^\n]*\n$/)
  expect(noPassword).toMatch(/^✗ [^\n]* cannot be used: it needs a password, as in redis:\/\/:password@host:port\n$/)
  expect(badPassword).toMatch(/^✗ [^\n]* it does not accept the user and password of REDIS_URL\n$/)
  expect(plain).toMatch(/^✗ [^\n]* cannot be used: [^\n]*; this Redis may need TLS: try rediss:\/\/\n$/)
  expect(untrusted).toMatch(
    /^✗ [^\n]* self-signed certificate; set NODE_EXTRA_CA_CERTS to the file of its certificate authority\n$/,
  )
}, 40_000)

test('When Redis wants a password and keeps nothing on disk, then the server works, and warns in one line', async () => {
  const server = await startServer({
    env: { REDIS_URL: guarded.url.replace('//', '//:secret@') },
  })
  const { body } = await ask(server.url, 'POST', '/js/pets', { name: 'Rex', species: 'dog', ageMonths: 1 })
  expect((await ask(server.url, 'GET', `/js/pets/${body.id}`)).status).toBe(200)
  expect(server.output()).toContain(
    '⚠ This Redis keeps nothing on disk: if it stops, every pet is lost. Set appendonly yes\n',
  )
  expect(server.output()).toContain(`   Data: Redis at 127.0.0.1:${guarded.port}\n`)
  expect(server.output()).not.toContain('secret')
  expect((await server.stop()).code).toBe(0)
})

test('When Redis speaks TLS by a certificate that the settings trust, then pets, jobs and audit trail go through it', async () => {
  const server = await startServer({
    env: {
      REDIS_URL: `rediss://127.0.0.1:${tls.port}`,
      NODE_EXTRA_CA_CERTS: tls.certificate,
    },
  })
  const { body } = await ask(server.url, 'POST', '/js/pets', { name: 'Rex', species: 'dog', ageMonths: 1 })
  await server.printed(`PostCreateLite job completed { petId: '${body.id}'`)
  expect(server.output()).not.toContain('⚠')
  expect((await server.stop()).code).toBe(0)
})

test('When Redis speaks TLS and has users, then the Workbench works too, and logs no more than elsewhere', async () => {
  const { port, certificate } = await startTlsRedis([
    ...['--user', 'default', 'off'],
    ...['--user', 'pets', 'on', '>secret', '~*', '&*', '+@all'],
  ])
  const server = await startServer({
    mode: 'dev',
    env: {
      REDIS_URL: `rediss://pets:secret@127.0.0.1:${port}`,
      NODE_EXTRA_CA_CERTS: certificate,
    },
  })
  const { body } = await ask(server.url, 'POST', '/js/pets', { name: 'Rex', species: 'dog', ageMonths: 1 })
  await server.printed(`PostCreateLite job completed { petId: '${body.id}'`)
  const { body: answer } = await ask(server.url, 'GET', '/__motia/bullmq/queues')
  expect(answer.queues).toContainEqual(expect.objectContaining({ name: 'js.pet.created.JsAuditTrail' }))
  expect(server.output()).not.toMatch(/error|secret/i)
})

describe('what may lose pets', () => {
  test.each([
    [{ appendonly: 'yes', save: '', maxmemory: '0', 'maxmemory-policy': 'noeviction' }, []],
    [{ appendonly: 'no', save: '' }, [/keeps nothing on disk/]],
    [{ appendonly: 'no', save: '3600 1' }, [/only takes snapshots/]],
    [{ appendonly: 'yes', maxmemory: '100', 'maxmemory-policy': 'allkeys-lru' }, [/drops data .*allkeys-lru/]],
    [{ appendonly: 'yes', maxmemory: '100', 'maxmemory-policy': 'noeviction' }, []],
    [{}, []],
  ])('is told by the settings: %j', (config, wanted) => {
    const warnings = durabilityWarnings(config)
    expect(warnings).toHaveLength(wanted.length)
    for (const [index, pattern] of wanted.entries()) expect(warnings[index]).toMatch(pattern)
  })
})
