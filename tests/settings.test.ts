import { isAbsolute, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { auditFile, readSettings, type Settings, SettingsError, unknownSettings } from '../src/app/settings'

const defaults: Settings = {
  port: 3000,
  host: '127.0.0.1',
  apiKeys: [],
  corsOrigins: [],
  dataDir: resolve('.data'),
  auditLimit: 100_000,
  stepRuntime: 'in-process',
  handlerTimeout: 30,
  stopGrace: 0,
  traceLimit: 1_000,
  docs: true,
  trustProxy: false,
  metrics: false,
  logLevel: 'info',
  logFormat: 'text',
  redisUrl: undefined,
  redisPrefix: 'pets',
}

test('When no variable is set, then every setting has its default', () => {
  expect(readSettings({})).toEqual(defaults)
})

test('When the environment contains other variables, then they change nothing', () => {
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
    ['0', '65536', '-1', '80.5', 'http', '3000 4000', 'NaN', 'Infinity'],
  ],
  [
    'HOST',
    'host',
    [
      ['127.0.0.2', '127.0.0.2'],
      ['::1', '::1'],
      [' LocalHost ', 'localhost'],
    ],
    ['[::1]', 'localhost:3000', 'http://localhost', '127.0.0.1/8', 'a b', '::1::'],
  ],
  [
    'PETS_CORS_ORIGINS',
    'corsOrigins',
    [
      ['http://localhost:5173', ['http://localhost:5173']],
      ['https://shop.example, http://[::1]:8080', ['https://shop.example', 'http://[::1]:8080']],
    ],
    ['*', 'http://a.example,*', 'localhost:5173', 'http://a.example/', 'http://a.example,', 'ftp://a.example', 'null'],
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
    'PETS_DOCS',
    'docs',
    [
      ['0', false],
      ['1', true],
    ],
    ['true', 'no', '2', ' 1'],
  ],
  [
    'PETS_TRUST_PROXY',
    'trustProxy',
    [
      ['0', false],
      ['1', true],
    ],
    ['true', 'yes', '2', ' 1'],
  ],
  [
    'PETS_METRICS',
    'metrics',
    [
      ['0', false],
      ['1', true],
    ],
    ['true', 'on', '2'],
  ],
  [
    'LOG_LEVEL',
    'logLevel',
    [
      ['debug', 'debug'],
      ['warn', 'warn'],
    ],
    ['WARN', 'trace', 'warning', '3'],
  ],
  [
    'LOG_FORMAT',
    'logFormat',
    [
      ['text', 'text'],
      ['json', 'json'],
    ],
    ['JSON', 'pretty', '1'],
  ],
  [
    'REDIS_URL',
    'redisUrl',
    [
      ['redis://127.0.0.1:6379', 'redis://127.0.0.1:6379'],
      ['rediss://user:secret@redis.example:6380/2', 'rediss://user:secret@redis.example:6380/2'],
      ['redis://127.0.0.1/?db=2', 'redis://127.0.0.1/?db=2'],
    ],
    ['127.0.0.1:6379', 'http://127.0.0.1:6379', 'redis', 'redis:', 'redis://', 'redis://127.0.0.1/pets'],
  ],
  [
    'PETS_REDIS_PREFIX',
    'redisPrefix',
    [
      ['a', 'a'],
      ['pet_shop-2', 'pet_shop-2'],
      ['x'.repeat(40), 'x'.repeat(40)],
    ],
    ['pets:eu', '{pets}', 'two words', 'x'.repeat(41), 'pets\n', 'ü'],
  ],
]

describe.each(variables)('%s', (name, setting, valid, invalid) => {
  test.each(valid)('When it is %j, then the setting is %j, and no other changes', (value, taken) => {
    expect(readSettings({ [name]: value })).toEqual({ ...defaults, [setting]: taken })
  })

  test('When it is empty or blank, then it counts as unset', () => {
    for (const value of ['', ' ', '\t\n']) expect(readSettings({ [name]: value })).toEqual(defaults)
  })

  for (const value of invalid) {
    test(`When it is ${JSON.stringify(value)}, then one line names the variable, the rule and the value`, () => {
      const error = failureOf({ [name]: value })
      expect(error).toBeInstanceOf(SettingsError)
      const line = new RegExp(`^${name} must [^;\n]+ \\(it is ${escaped(JSON.stringify(value))}\\)$`)
      expect(error.message).toMatch(line)
    })
  }
})

test('When several variables are wrong, then each is named, once, in one line', () => {
  const { message } = failureOf({ PORT: '-0.5', PETS_STEP_RUNTIME: 'vm', PETS_TRACE_LIMIT: '-0.5' })
  expect(message.split('; ').map((part) => part.split(' ')[0])).toEqual([
    'PORT',
    'PETS_STEP_RUNTIME',
    'PETS_TRACE_LIMIT',
  ])
  expect(message).not.toContain('\n')
})

test.each([
  ['PETS_STORE', 'redis', 'REDIS_URL'],
  ['PETS_STORE', 'file', 'REDIS_URL'],
  ['REDIS_SERVER', '/usr/bin/redis-server', 'REDIS_URL'],
])('When %s, which was removed, is %j, then one line says what to use instead', (name, value, instead) => {
  const { message } = failureOf({ [name]: value })
  expect(message).toMatch(new RegExp(`^${name} was removed: [^;\n]*${instead}`))
})

test('When a removed variable is set and another is wrong, then both are named in one line', () => {
  const { message } = failureOf({ REDIS_SERVER: 'redis-server', PORT: 'x' })
  expect(message).toMatch(/^REDIS_SERVER was removed: .*PORT must be [^\n]*$/)
})

test('When a removed variable is empty, then it counts as unset', () => {
  expect(readSettings({ PETS_STORE: '', REDIS_SERVER: '' })).toEqual(defaults)
})

describe('unknownSettings', () => {
  test('When a variable begins with PETS_ and is not a setting, then it is listed', () => {
    const environment = { PETS_AUDIT_LIMITS: '1', PETS_COLOUR: '', pets_data_dir: 'x', PATH: '/bin', PORTS: 'x' }
    expect(unknownSettings(environment)).toEqual(['PETS_AUDIT_LIMITS', 'PETS_COLOUR'])
  })

  test('When only settings are set, then nothing is listed', () => {
    expect(unknownSettings(Object.fromEntries(variables.map(([name]) => [name, 'x'])))).toEqual([])
  })

  test('When a removed variable is set, then it is not listed, because it prevents the start', () => {
    expect(unknownSettings({ PETS_STORE: 'redis' })).toEqual([])
  })
})

test.each([
  ['http://:secret@redis.example', 'http://…@redis.example'],
  ['redis://redis.example/pets?password=secret&db=1', 'redis://redis.example/pets?password=…&db=1'],
])('When REDIS_URL is wrong and contains a password, as %s, then the message does not show it', (REDIS_URL, shown) => {
  const { message } = failureOf({ REDIS_URL })
  expect(message).not.toContain('secret')
  expect(message).toContain(`(it is "${shown}")`)
})

describe('PETS_API_KEYS', () => {
  const [alice, bob] = ['alice-secret-123456', 'bob:secret/123456']

  test('When it lists names and secrets, then these are the keys', () => {
    const apiKeys = [
      { name: 'alice', secret: alice },
      { name: 'bob.ci-2', secret: bob },
    ]
    expect(readSettings({ PETS_API_KEYS: `alice:${alice}, bob.ci-2:${bob}` })).toEqual({ ...defaults, apiKeys })
  })

  test.each([
    ['no name', alice, 'must be name:secret, or several of those separated by commas'],
    ['an empty key', `alice:${alice},`, 'must be name:secret, or several of those separated by commas'],
    ['an empty name', `:${alice}`, 'must have names of 1 to 40 letters, digits, dots, dashes or underscores'],
    ['a name with a space', `a b:${alice}`, 'must have names of 1 to 40 letters, digits, dots, dashes or underscores'],
    [
      'a short secret',
      'alice:alice-secret-12',
      'must have secrets of at least 16 letters, digits or punctuation marks other than commas',
    ],
    [
      'a secret that no header can hold',
      'alice:alice-secret-1234é',
      'must have secrets of at least 16 letters, digits or punctuation marks other than commas',
    ],
    ['a name twice', `alice:${alice},alice:${bob}`, 'must not repeat a name'],
    ['a secret twice', `alice:${alice},bob:${alice}`, 'must not repeat a secret'],
  ])('When it has %s, then one line says so, and shows no secret', (_, value, rule) => {
    expect(failureOf({ PETS_API_KEYS: value }).message).toBe(`PETS_API_KEYS ${rule}`)
  })
})

describe('a HOST beyond this machine', () => {
  const everywhere = ['0.0.0.0', '::', '192.0.2.7', 'shop.example', '127.evil.example']

  test.each(everywhere)('When it is %s and there are no keys, then one line names both remedies', (HOST) => {
    const { message } = failureOf({ HOST })
    expect(message).toMatch(new RegExp(`^HOST ${escaped(HOST)} [^\n]*PETS_API_KEYS=name:secret[^\n]*PETS_OPEN=1`))
  })

  test('When there are keys, or PETS_OPEN is 1, then the server may start', () => {
    for (const HOST of everywhere) {
      expect(readSettings({ HOST, PETS_OPEN: '1' })).toEqual({ ...defaults, host: HOST })
      expect(readSettings({ HOST, PETS_API_KEYS: 'alice:alice-secret-123456' })).toMatchObject({ host: HOST })
    }
  })

  test('When PETS_OPEN is neither 0 nor 1, then one line says so', () => {
    expect(failureOf({ PETS_OPEN: 'yes' }).message).toBe('PETS_OPEN must be 0 or 1 (it is "yes")')
  })
})

test('When the environment has names of Object.prototype, then they change nothing', () => {
  expect(readSettings(JSON.parse('{"__proto__": "x", "constructor": "y"}'))).toEqual(defaults)
})

test('When the data folder is relative, then its path is absolute, and the audit trail is in it', () => {
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
