import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../../../../tests/support/free-port'
import { startRedis } from '../../../../../tests/support/redis'
import { makeTempDir } from '../../../../../tests/support/temp-dir'
import { connectRedis } from '../../../src/engine/bullmq/redis-connections'

/** Starts a redis-server that speaks only TLS. Returns its port. */
const startTlsRedis = async (): Promise<number> => {
  const folder = makeTempDir('motia-tls-')
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  const files = ['-keyout', key, '-out', certificate, '-days', '2']
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...files, ...subject], { stdio: 'ignore' })
  const port = await freePort()
  const tls = ['--tls-port', String(port), '--tls-cert-file', certificate, '--tls-key-file', key]
  await startRedis([...tls, '--tls-auth-clients', 'no'], { port: 0 })
  return port
}

/** Returns what is wrong with a Redis that cannot be used. */
const refusal = async (url: string): Promise<string> =>
  connectRedis(url, 'test').then(
    ({ close }) => {
      close()
      return 'connected'
    },
    (error: Error) => error.message,
  )

test('When Redis cannot be used, then the error says why in one line, without the password', async () => {
  const [guarded, tls, nobody] = await Promise.all([
    startRedis(['--requirepass', 'secret']),
    startTlsRedis(),
    freePort(),
  ])
  const mute = createServer().listen(0, '127.0.0.1')
  await once(mute, 'listening')
  onTestFinished(() => void mute.close())
  const [down, silent, unknown, noPassword, badPassword, plain, untrusted, noDatabase] = await Promise.all([
    refusal(`redis://127.0.0.1:${nobody}`),
    refusal(`redis://127.0.0.1:${Object(mute.address()).port}`),
    refusal('redis://no-such-host.invalid'),
    refusal(guarded.url),
    refusal(guarded.url.replace('//', '//:hidden@')),
    refusal(`redis://127.0.0.1:${tls}`),
    refusal(`rediss://127.0.0.1:${tls}`),
    refusal(`${guarded.url.replace('//', '//:secret@')}/99`),
  ])
  expect(down).toBe(`Redis at 127.0.0.1:${nobody} cannot be used: connect ECONNREFUSED 127.0.0.1:${nobody}`)
  expect(silent).toMatch(/^Redis at \S+ cannot be used: connected, but no reply within \d+ s$/)
  expect(unknown).toMatch(/^Redis at no-such-host\.invalid:6379 cannot be used: getaddrinfo .*$/)
  expect(noPassword).toMatch(/ cannot be used: it needs a password, as in redis:\/\/:password@host:port$/)
  expect(badPassword).toMatch(/ cannot be used: it does not accept the user and password of REDIS_URL$/)
  expect(plain).toMatch(/ cannot be used: .*; this Redis may need TLS: try rediss:\/\/$/)
  expect(untrusted).toMatch(
    / self-signed certificate; set NODE_EXTRA_CA_CERTS to the file of its certificate authority$/,
  )
  expect(noDatabase).toMatch(/ cannot be used: ERR .*$/)
}, 30_000)

test('When Redis does not let its user write, then the error says what to change', async () => {
  const redis = await startRedis()
  const rights = ['~test:*', '~{test}:*', '+@all', '-@dangerous']
  await redis.command('ACL', 'SETUSER', 'modest', 'on', '>secret', ...rights)
  await redis.command('ACL', 'SETUSER', 'allowed', 'on', '>secret', ...rights, '+info')
  const urlOf = (user: string) => redis.url.replace('//', `//${user}:secret@`)
  const lack =
    /^Redis at 127\.0\.0\.1:\d+ cannot be used: NOPERM .*'info'.*; its user needs the rights \+@all -@dangerous \+info$/
  expect(await refusal(urlOf('modest'))).toMatch(lack)
  expect(await refusal(urlOf('allowed'))).toBe('connected')

  await redis.command('SET', 'test:app', 'an earlier start')
  await redis.command('REPLICAOF', '127.0.0.1', '1')
  expect(await refusal(redis.url)).toBe(
    `Redis at 127.0.0.1:${redis.port} cannot be used: it is a read-only replica: set REDIS_URL to its primary`,
  )
})

test('When a connection has two errors, as TLS may, then the second one does not end the process', async () => {
  const redis = await startRedis()
  const { queues, commands, close } = await connectRedis(redis.url, 'test')
  onTestFinished(close)
  for (const { stream } of [queues, commands]) {
    stream.emit('error', new Error('self-signed certificate'))
    expect(() => stream.emit('error', new Error('tlsv1 alert decode error'))).not.toThrow()
  }
})

test('When the URL names a database, by its path or its query, then all connections use that one', async () => {
  const redis = await startRedis()
  for (const [name, url] of Object.entries({ path: `${redis.url}/4`, query: `${redis.url}?db=4` })) {
    const { queues, commands, close } = await connectRedis(url, 'test')
    const blocking = queues.duplicate()
    for (const connection of [queues, commands, blocking]) {
      expect([name, /\bdb=(\d+)/.exec(String(await connection.client('INFO')))?.[1]]).toEqual([name, '4'])
    }
    blocking.disconnect()
    close()
  }
})
