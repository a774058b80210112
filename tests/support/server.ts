import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Child, type Exit, startChild } from './child'
import { freePort } from './free-port'
import { makeTempDir } from './temp-dir'
import { waitFor } from './wait-for'

/** This checkout. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The runtime's command, relative to a project that has it installed. */
export const RUNTIME = 'node_modules/motia-runtime/bin/motia-runtime.mjs'

/** How to start a server; everything has a default. */
export interface ServerOptions {
  /** `start` is production (the default), `dev` has the Workbench and hot reload. */
  mode?: 'start' | 'dev'
  env?: Record<string, string>
  /** The project to run: this checkout, or a copy of it. */
  root?: string
  /** Default: an empty folder. */
  dataDir?: string
  /** Default: a free port. */
  port?: number
  /** Default: what `npm start` and `npm run dev` run. */
  command?: string[]
}

/** One line of `audit.jsonl`. */
export interface AuditLine {
  at: number
  topic: string
  traceId: string
  by?: string
  data: Record<string, unknown>
}

/** The process of a server, which may not be ready yet. */
export interface ServerProcess extends Child {
  url: string
  port: number
  dataDir: string
}

/** A running server. */
export interface TestServer extends ServerProcess {
  /** The data file, parsed; an empty store if there is none yet. It may lag behind the last change by a second. */
  store(): { seq: number; pets: Record<string, Record<string, unknown>> }
  /** The audit trail so far. */
  audit(): AuditLine[]
  /** Kills it (kill -9). */
  kill(): Promise<Exit>
}

/** Returns the environment of this process without settings of the project and variables of vitest. */
export const serverEnvironment = (env: Record<string, string> = {}): NodeJS.ProcessEnv => {
  const inherited = Object.entries(process.env).filter(
    ([name]) =>
      !/^(PORT|HOST|REDIS_|PETS_|BULLMQ_|MOTIA_|VITEST|NODE_ENV|NODE_OPTIONS|LOG_|VITE_|FORCE_COLOR)/.test(name),
  )
  return { ...Object.fromEntries(inherited), ...env }
}

/** Starts a server without waiting for it. */
export const spawnServer = async (options: ServerOptions = {}): Promise<ServerProcess> => {
  const { mode = 'start', root = ROOT, dataDir = makeTempDir(), env = {} } = options
  const port = options.port ?? (await freePort())
  const command = options.command ?? [process.execPath, RUNTIME, mode]
  const child = startChild(command, {
    cwd: root,
    env: serverEnvironment({ PORT: String(port), PETS_DATA_DIR: dataDir, ...env }),
  })
  return { ...child, url: `http://127.0.0.1:${port}`, port, dataDir }
}

/** Starts a server and waits until it is ready. Rejects with its output if it ends instead. */
export const startServer = async (options: ServerOptions = {}): Promise<TestServer> => {
  const child = await spawnServer(options)
  const { dataDir } = child
  // The last line that a server prints when it is ready.
  await waitFor(() => / {3}Data: .*\n/.test(child.output()) || !child.isRunning(), {
    what: 'the server to be ready',
    timeout: 45_000,
    seen: child.output,
  })
  if (!child.isRunning()) {
    const { code } = await child.exited
    throw new Error(`The server ended with ${code} instead of getting ready:\n${child.output()}`)
  }
  return {
    ...child,
    store: () => readStore(dataDir),
    audit: () => readAudit(dataDir),
    kill: () => child.stop('SIGKILL'),
  }
}

/** Starts a server that must not start. Returns its output. Rejects unless it exits with code 1. */
export const refusalOf = async (options: ServerOptions = {}): Promise<string> => {
  const child = await spawnServer(options)
  await waitFor(() => !child.isRunning(), { what: 'the server to end', timeout: 30_000, seen: child.output })
  const { code } = await child.exited
  if (code !== 1) throw new Error(`The server ended with ${code}:\n${child.output()}`)
  return child.output()
}

const readStore = (dataDir: string): ReturnType<TestServer['store']> => {
  const file = join(dataDir, 'pets.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { seq: 1, pets: {} }
}

const readAudit = (dataDir: string): AuditLine[] => {
  const file = join(dataDir, 'audit.jsonl')
  if (!existsSync(file)) return []
  // The text after the last line break is still being written.
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line))
}
