import { resolve } from 'node:path'
import type { Config } from 'motia'
import type { z } from 'zod'
import type { ApiKey } from '../http/api-keys'
import type { LogFormat } from '../logging/console-lines'
import { isLevel, type Level } from '../logging/log-level'
import type { ApiDescription } from '../openapi/description'
import type { Outbox } from '../outbox/outbox'

/** How a project's server runs. Everything has a default. */
export interface RuntimeOptions {
  /** The name in the server's first line. Default: `Motia`. */
  name?: string
  /** Default: the variable `PORT`, or 3000. */
  port?: number
  /** The name or address to listen on. Default: the variable `HOST`, or 127.0.0.1. */
  host?: string
  /** The folder of the embedded engine. Default: `.data`. */
  dataDir?: string
  /**
   * The Redis that several servers share. Without it, the embedded engine is used. Default: the variable `REDIS_URL`.
   */
  redisUrl?: string | undefined
  /** The prefix of all keys and queues in Redis. Default: `motia`. */
  redisPrefix?: string
  /** `process` uses Motia's stock runner, which starts a process for each call. Default: `in-process`. */
  stepRuntime?: 'in-process' | 'process'
  /** How long an API handler may take before the client gets a 503, in seconds. Default: 30. */
  handlerTimeout?: number
  /** How long a stopping server still serves while `/readyz` returns 503, in seconds. Default: 0. */
  stopGrace?: number
  /** How long a client may take to send the headers of a request, in seconds. Default: 15. */
  headersTimeout?: number
  /** How long a client may take to send the whole of a request, in seconds. Default: 30. */
  requestTimeout?: number
  /** Host names of a development server besides `host` and `localhost`, such as `*.example.com`. */
  allowedHosts?: string[]
  /** Whether to trust the `X-Forwarded-Host` of a proxy in front. Default: false. */
  trustProxy?: boolean
  /** Each request needs one of these keys, except `/livez` and `/readyz`. Default: none, and requests need no key. */
  apiKeys?: readonly ApiKey[]
  /** Other origins whose pages may use the API, such as `http://localhost:5173`. Default: none. */
  corsOrigins?: readonly string[]
  /** How many traces, and how many log lines, are kept for the Workbench. Default: 1000. */
  traceLimit?: number
  /** Lines below this level are neither printed nor kept. Default: the variable `LOG_LEVEL`, or `info`. */
  logLevel?: Level
  /** `json` prints each line as one JSON object. Default: the variable `LOG_FORMAT`, or `text`. */
  logFormat?: LogFormat
  /** Whether `GET /metrics` responds with metrics for Prometheus. Default: false. */
  metrics?: boolean
  /** Whether `/openapi.json` describes the API and `/docs` shows it. Default: true. */
  docs?: boolean
  /** A module of the project, relative to its folder, that exports a `hooks: RuntimeHooks`. */
  hooks?: string
}

/** A project's additions to its server. The module is loaded with the steps and shares their modules. */
export interface RuntimeHooks {
  /** Called before the server listens. Returns warnings. Throws a one-line error if the server must not start. */
  start?(): Promise<string[]>
  /** The schema of each topic's data, for the types of `emit`. Missing topics get the types of their subscribers. */
  topics?: Record<string, z.ZodType>
  /** The events that the project's store owes. */
  outbox?: Outbox
  /** Resolves if the project can work. Otherwise rejects with an error whose message `/readyz` shows. */
  check?(): Promise<void>
  /** Returns the body of the 400 for a request whose body is not JSON. */
  invalidJson?(problem: string): object
  /** Returns additions to the OpenAPI document that no step's config can contain. */
  openapi?(): ApiDescription
  /** Called when the server stops, and when hot reload has replaced the module. */
  close?(): Promise<void>
}

/** Motia's config with the options of this runtime. */
export interface RuntimeConfig extends Config {
  runtime?: RuntimeOptions
}

/** The options with their defaults, paths absolute. */
export type ResolvedOptions = Required<Omit<RuntimeOptions, 'redisUrl' | 'hooks'>> & {
  root: string
  redisUrl: string | undefined
  hooks: string | undefined
}

/** Returns the options with their defaults. Throws a one-line error if `LOG_LEVEL` or `LOG_FORMAT` is invalid. */
export const resolveOptions = (root: string, options: RuntimeOptions = {}): ResolvedOptions => ({
  root,
  name: options.name ?? 'Motia',
  port: options.port ?? Number(process.env.PORT || 3000),
  host: options.host ?? (process.env.HOST || '127.0.0.1'),
  dataDir: resolve(root, options.dataDir ?? '.data'),
  redisUrl: 'redisUrl' in options ? options.redisUrl : process.env.REDIS_URL || undefined,
  redisPrefix: options.redisPrefix ?? 'motia',
  stepRuntime: options.stepRuntime ?? 'in-process',
  handlerTimeout: options.handlerTimeout ?? 30,
  stopGrace: options.stopGrace ?? 0,
  headersTimeout: options.headersTimeout ?? 15,
  requestTimeout: options.requestTimeout ?? 30,
  allowedHosts: options.allowedHosts ?? [],
  trustProxy: options.trustProxy ?? false,
  apiKeys: options.apiKeys ?? [],
  corsOrigins: options.corsOrigins ?? [],
  traceLimit: options.traceLimit ?? 1_000,
  logLevel: options.logLevel ?? logLevelOf(process.env.LOG_LEVEL || 'info'),
  logFormat: options.logFormat ?? logFormatOf(process.env.LOG_FORMAT || 'text'),
  metrics: options.metrics ?? false,
  docs: options.docs ?? true,
  hooks: options.hooks && resolve(root, options.hooks),
})

const logLevelOf = (value: string): Level => {
  if (isLevel(value)) return value
  throw new Error(`LOG_LEVEL must be debug, info, warn or error (it is ${JSON.stringify(value)})`)
}

const logFormatOf = (value: string): LogFormat => {
  if (value === 'text' || value === 'json') return value
  throw new Error(`LOG_FORMAT must be text or json (it is ${JSON.stringify(value)})`)
}
