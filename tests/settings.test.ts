import { isAbsolute, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { auditFile, readSettings, type Settings, SettingsError } from '../src/settings'

const defaults: Settings = {
  port: 3000,
  host: '127.0.0.1',
  dataDir: resolve('.data'),
  store: 'file',
  auditLimit: 100_000,
  stepRuntime: 'in-process',
  handlerTimeout: 30,
  stopGrace: 0,
  traceLimit: 1_000,
  redisUrl: undefined,
  redisServer: 'redis-server',
}

test('without any variable, every setting has its default', () => {
  expect(readSettings({})).toEqual(defaults)
})

test("what else is in the environment is none of the project's business", () => {
  expect(readSettings({ PATH: '/bin', PORTS: 'x', REDIS: 'x', PETS_: 'x' })).toEqual(defaults)
})

const variables: [name: string, setting: keyof Settings, valid: [string, unknown][], invalid: string[]][] = [
  [
    'PORT',
    'port',
    [
      ['1', 1],
      ['4100', 4100],
      ['65535', 65535],
    ],
    ['0', '65536', '-1', '80.5', 'http', '3000 4000', 'NaN', 'Infinity', ' '],
  ],
  [
    'HOST',
    'host',
    [
      ['0.0.0.0', '0.0.0.0'],
      ['::1', '::1'],
      [' localhost ', 'localhost'],
    ],
    [' ', '\t'],
  ],
  [
    'PETS_DATA_DIR',
    'dataDir',
    [
      ['/var/lib/pets', '/var/lib/pets'],
      ['other', resolve('other')],
      ['/a/../b/', '/b'],
    ],
    [],
  ],
  [
    'PETS_STEP_RUNTIME',
    'stepRuntime',
    [
      ['in-process', 'in-process'],
      ['process', 'process'],
    ],
    ['In-Process', 'docker', ' process', 'true'],
  ],
  [
    'PETS_HANDLER_TIMEOUT',
    'handlerTimeout',
    [
      ['0.5', 0.5],
      ['86400', 86_400],
    ],
    ['0', '-1', '86401', '30s', 'Infinity', 'NaN'],
  ],
  [
    'PETS_STOP_GRACE',
    'stopGrace',
    [
      ['0', 0],
      ['2.5', 2.5],
      ['3600', 3_600],
    ],
    ['-1', '3601', '5s', 'NaN'],
  ],
  [
    'PETS_AUDIT_LIMIT',
    'auditLimit',
    [
      ['1', 1],
      ['5000', 5_000],
    ],
    ['0', '-1', '1.5', 'all', 'Infinity'],
  ],
  [
    'PETS_TRACE_LIMIT',
    'traceLimit',
    [
      ['0', 0],
      ['250', 250],
    ],
    ['-1', '1.5', 'all', 'Infinity'],
  ],
  [
    'REDIS_URL',
    'redisUrl',
    [
      ['redis://127.0.0.1:6379', 'redis://127.0.0.1:6379'],
      ['rediss://user:secret@redis.example:6380/2', 'rediss://user:secret@redis.example:6380/2'],
    ],
    ['127.0.0.1:6379', 'http://127.0.0.1:6379', 'redis', 'redis:', 'redis://'],
  ],
  ['REDIS_SERVER', 'redisServer', [['/opt/redis/redis-server', '/opt/redis/redis-server']], []],
]

describe.each(variables)('%s', (name, setting, valid, invalid) => {
  test.each(valid)('of %j is taken as %j, and changes no other setting', (value, taken) => {
    expect(readSettings({ [name]: value })).toEqual({ ...defaults, [setting]: taken })
  })

  test('that is empty counts as unset', () => {
    expect(readSettings({ [name]: '' })).toEqual(defaults)
  })

  for (const value of invalid) {
    test(`of ${JSON.stringify(value)} stops the start with one line that names the variable, the rule and the value`, () => {
      const error = failureOf({ [name]: value })
      expect(error).toBeInstanceOf(SettingsError)
      const line = new RegExp(`^${name} must [^;\n]+ \\(it is ${escaped(JSON.stringify(value))}\\)$`)
      expect(error.message).toMatch(line)
    })
  }
})

test('of several wrong variables each is named, once, in one line', () => {
  const { message } = failureOf({ PORT: '-0.5', PETS_STEP_RUNTIME: 'vm', PETS_TRACE_LIMIT: '-0.5' })
  expect(message.split('; ').map((part) => part.split(' ')[0])).toEqual([
    'PORT',
    'PETS_STEP_RUNTIME',
    'PETS_TRACE_LIMIT',
  ])
  expect(message).not.toContain('\n')
})

test('the pets are kept in Redis where PETS_STORE says so, which needs a REDIS_URL', () => {
  const REDIS_URL = 'redis://127.0.0.1:6379'
  expect(readSettings({ PETS_STORE: 'redis', REDIS_URL })).toEqual({ ...defaults, store: 'redis', redisUrl: REDIS_URL })
  expect(readSettings({ PETS_STORE: 'file' })).toEqual(defaults)
  const { message } = failureOf({ PETS_STORE: 'redis' })
  expect(message).toBe('REDIS_URL must be set where PETS_STORE is redis (it is not set)')
  expect(failureOf({ PETS_STORE: 'mongo', REDIS_URL }).message).toMatch(/^PETS_STORE must be file or redis/)
})

test('a password in a wrong REDIS_URL is not told', () => {
  const { message } = failureOf({ REDIS_URL: 'http://:secret@redis.example' })
  expect(message).not.toContain('secret')
  expect(message).toContain('//…@redis.example')
})

test('a name of Object.prototype in the environment does no harm', () => {
  expect(readSettings(JSON.parse('{"__proto__": "x", "constructor": "y"}'))).toEqual(defaults)
})

test('the data folder is absolute, and the audit trail is in it', () => {
  const { dataDir } = readSettings({ PETS_DATA_DIR: 'some/where' })
  expect(isAbsolute(dataDir)).toBe(true)
  expect(auditFile(dataDir)).toBe(resolve('some/where/audit.jsonl'))
})

const failureOf = (environment: NodeJS.ProcessEnv): Error => {
  try {
    readSettings(environment)
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('The environment was accepted')
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
