import { join, resolve } from 'node:path'
import { z } from 'zod'

const PORT_RANGE = 'must be a whole number from 1 to 65535'
const GRACE_RANGE = 'must be a number of seconds from 0 to 3600'
const SECONDS_RANGE = 'must be a number of seconds above 0, at most 86400'
const COUNT_RANGE = 'must be a whole number from 0 on'
const LIMIT_RANGE = 'must be a whole number from 1 on'

const port = z.coerce.number(PORT_RANGE).int(PORT_RANGE).min(1, PORT_RANGE).max(65_535, PORT_RANGE)
const seconds = z.coerce.number(SECONDS_RANGE).positive(SECONDS_RANGE).max(86_400, SECONDS_RANGE)
const grace = z.coerce.number(GRACE_RANGE).min(0, GRACE_RANGE).max(3_600, GRACE_RANGE)
const count = z.coerce.number(COUNT_RANGE).int(COUNT_RANGE).min(0, COUNT_RANGE)
const limit = z.coerce.number(LIMIT_RANGE).int(LIMIT_RANGE).min(1, LIMIT_RANGE)

/** Every environment variable that this project reads, with its default. */
const variablesSchema = z.object({
  PORT: port.default(3000),
  HOST: z.string().trim().min(1, 'must not be empty').default('127.0.0.1'),
  PETS_DATA_DIR: z.string().min(1, 'must not be empty').default('.data'),
  PETS_STORE: z.enum(['file', 'redis'], 'must be file or redis').default('file'),
  PETS_AUDIT_LIMIT: limit.default(100_000),
  PETS_STEP_RUNTIME: z.enum(['in-process', 'process'], 'must be in-process or process').default('in-process'),
  PETS_HANDLER_TIMEOUT: seconds.default(30),
  PETS_STOP_GRACE: grace.default(0),
  PETS_TRACE_LIMIT: count.default(1_000),
  REDIS_URL: z.url({ protocol: /^rediss?$/, hostname: /./, error: 'must be a redis:// or rediss:// URL' }).optional(),
  REDIS_SERVER: z.string().min(1, 'must not be empty').default('redis-server'),
})

const environmentSchema = variablesSchema.refine((given) => given.PETS_STORE === 'file' || given.REDIS_URL, {
  path: ['REDIS_URL'],
  error: 'must be set where PETS_STORE is redis',
})

/** What this process was told by its environment, validated. */
export interface Settings {
  port: number
  host: string
  /** Absolute path of the folder of the data file, the audit trail and the private Redis. */
  dataDir: string
  /** `file` keeps the pets and the audit trail in the data folder; `redis` keeps both in the Redis of `redisUrl`. */
  store: 'file' | 'redis'
  /** How many events the audit trail in Redis keeps, more or less; the file keeps all. */
  auditLimit: number
  /** `in-process` runs steps in the server's process; `process` is Motia's stock runner, one Node process a call. */
  stepRuntime: 'in-process' | 'process'
  /** How long an API handler may take before the request is answered by a 503, in seconds. */
  handlerTimeout: number
  /** How long a server that was told to stop goes on as before, with a `/health` that sends balancers away, in seconds. */
  stopGrace: number
  /** How many traces, and as many log lines, are kept in Redis for the Workbench. */
  traceLimit: number
  /** The Redis to use instead of a private one; always there where `store` is `redis`. */
  redisUrl: string | undefined
  /** The command that starts the private Redis. */
  redisServer: string
}

/** A variable of the environment that cannot be used. The message is one line, for a person. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

/** Reads the settings; throws a `SettingsError` that names each wrong variable. An empty variable counts as unset. */
export const readSettings = (environment: NodeJS.ProcessEnv = process.env): Settings => {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = environmentSchema.safeParse(given)
  if (!parsed.success) {
    const wrong = parsed.error.issues.map((issue) => {
      const name = issue.path.join('.')
      // What stands before an @ may be a password.
      const value = JSON.stringify(given[name]?.replace(/\/\/.*@/, '//…@'))
      return `${name} ${issue.message} (it is ${value ?? 'not set'})`
    })
    throw new SettingsError([...new Set(wrong)].join('; '))
  }
  const { data } = parsed
  return {
    port: data.PORT,
    host: data.HOST,
    dataDir: resolve(data.PETS_DATA_DIR),
    store: data.PETS_STORE,
    auditLimit: data.PETS_AUDIT_LIMIT,
    stepRuntime: data.PETS_STEP_RUNTIME,
    handlerTimeout: data.PETS_HANDLER_TIMEOUT,
    stopGrace: data.PETS_STOP_GRACE,
    traceLimit: data.PETS_TRACE_LIMIT,
    redisUrl: data.REDIS_URL,
    redisServer: data.REDIS_SERVER,
  }
}

/** The audit trail's file. */
export const auditFile = (dataDir: string): string => join(dataDir, 'audit.jsonl')
