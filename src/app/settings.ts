import { join, resolve } from 'node:path'
import { z } from 'zod'
import { apiKeys, corsOrigins, hostName, isLoopback } from './access-settings'

const PORT_RANGE = 'must be an integer from 1 to 65535'
const GRACE_RANGE = 'must be a number of seconds from 0 to 3600'
const SECONDS_RANGE = 'must be a number of seconds above 0, at most 86400'
const COUNT_RANGE = 'must be an integer, 0 or more'
const LIMIT_RANGE = 'must be an integer, 1 or more'
const PREFIX_FORM = 'must be 1 to 40 letters, digits, dashes or underscores'

const port = z.coerce.number(PORT_RANGE).int(PORT_RANGE).min(1, PORT_RANGE).max(65_535, PORT_RANGE)
const seconds = z.coerce.number(SECONDS_RANGE).positive(SECONDS_RANGE).max(86_400, SECONDS_RANGE)
const grace = z.coerce.number(GRACE_RANGE).min(0, GRACE_RANGE).max(3_600, GRACE_RANGE)
const count = z.coerce.number(COUNT_RANGE).int(COUNT_RANGE).min(0, COUNT_RANGE)
const limit = z.coerce.number(LIMIT_RANGE).int(LIMIT_RANGE).min(1, LIMIT_RANGE)
const flag = z.enum(['0', '1'], 'must be 0 or 1')

/** Every environment variable that this project reads, with its default. */
const environmentSchema = z.object({
  PORT: port.default(3000),
  HOST: hostName.default('127.0.0.1'),
  PETS_API_KEYS: apiKeys.default([]),
  PETS_OPEN: flag.default('0'),
  PETS_CORS_ORIGINS: corsOrigins.default([]),
  PETS_DATA_DIR: z.string().default('.data'),
  PETS_AUDIT_LIMIT: limit.default(100_000),
  PETS_STEP_RUNTIME: z.enum(['in-process', 'process'], 'must be in-process or process').default('in-process'),
  PETS_HANDLER_TIMEOUT: seconds.default(30),
  PETS_STOP_GRACE: grace.default(0),
  PETS_TRACE_LIMIT: count.default(1_000),
  PETS_DOCS: flag.default('1'),
  PETS_TRUST_PROXY: flag.default('0'),
  PETS_METRICS: flag.default('0'),
  PETS_REDIS_PREFIX: z
    .string()
    .regex(/^[\w-]{1,40}$/, PREFIX_FORM)
    .default('pets'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error'], 'must be debug, info, warn or error').default('info'),
  LOG_FORMAT: z.enum(['text', 'json'], 'must be text or json').default('text'),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/, hostname: /./, error: 'must be a redis:// or rediss:// URL', abort: true })
    .refine((url) => /^\/?\d*$/.test(new URL(url).pathname), 'must have no path except the number of a database')
    .optional(),
})

/** Variables whose values must not appear in messages. */
const SECRET = new Set(['PETS_API_KEYS'])

/** Variables of earlier versions, and what to use instead. */
const REMOVED: Record<string, string> = {
  PETS_STORE: 'set REDIS_URL to keep the pets in Redis, or leave it out to keep them in PETS_DATA_DIR',
  REDIS_SERVER: 'to use a Redis server, start it and set REDIS_URL to its address',
}

/** Returns a URL without its password, which is before the @ or in the query. */
const withoutPassword = (url: string): string => url.replace(/\/\/.*@/, '//…@').replace(/(password=)[^&]*/, '$1…')

/** The settings of this process: options of the runtime, and those of the shop. */
export type Settings = ReturnType<typeof readSettings>

/** Thrown for invalid environment variables, with a one-line message for a person. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

/**
 * Returns the settings. Throws a `SettingsError` that names each invalid variable. A blank variable counts as unset.
 */
export const readSettings = (environment: NodeJS.ProcessEnv = process.env) => {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim() !== ''))
  const removed = Object.entries(REMOVED).filter(([name]) => given[name] !== undefined)
  const parsed = environmentSchema.safeParse(given)
  if (removed.length > 0 || !parsed.success) {
    const wrong = (parsed.error?.issues ?? []).map((issue) => {
      const name = issue.path.join('.')
      if (SECRET.has(name)) return `${name} ${issue.message}`
      const value = JSON.stringify(given[name] && withoutPassword(given[name]))
      return `${name} ${issue.message} (it is ${value ?? 'not set'})`
    })
    const gone = removed.map(([name, advice]) => `${name} was removed: ${advice}`)
    throw new SettingsError([...gone, ...new Set(wrong)].join('; '))
  }
  const { data } = parsed
  if (!isLoopback(data.HOST) && data.PETS_API_KEYS.length === 0 && data.PETS_OPEN === '0') {
    throw new SettingsError(
      `HOST ${data.HOST} is reachable from other machines: set PETS_API_KEYS=name:secret to require a key, or PETS_OPEN=1 to allow everybody`,
    )
  }
  return {
    port: data.PORT,
    host: data.HOST,
    apiKeys: data.PETS_API_KEYS,
    corsOrigins: data.PETS_CORS_ORIGINS,
    dataDir: resolve(data.PETS_DATA_DIR),
    /** About how many events the audit trail keeps in Redis. The file keeps all. */
    auditLimit: data.PETS_AUDIT_LIMIT,
    stepRuntime: data.PETS_STEP_RUNTIME,
    handlerTimeout: data.PETS_HANDLER_TIMEOUT,
    stopGrace: data.PETS_STOP_GRACE,
    traceLimit: data.PETS_TRACE_LIMIT,
    docs: data.PETS_DOCS === '1',
    trustProxy: data.PETS_TRUST_PROXY === '1',
    metrics: data.PETS_METRICS === '1',
    logLevel: data.LOG_LEVEL,
    logFormat: data.LOG_FORMAT,
    redisUrl: data.REDIS_URL,
    redisPrefix: data.PETS_REDIS_PREFIX,
  }
}

/** Returns the variables that look like settings of this project but are not, such as misspelt ones. */
export const unknownSettings = (environment: NodeJS.ProcessEnv = process.env): string[] =>
  Object.keys(environment).filter(
    (name) => name.startsWith('PETS_') && !(name in environmentSchema.shape) && !(name in REMOVED),
  )

/** Returns the path of the audit trail's file. */
export const auditFile = (dataDir: string): string => join(dataDir, 'audit.jsonl')
