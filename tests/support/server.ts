import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Child, type Exit, startChild } from './child'
import { freePort } from './free-port'
import { makeTempDir } from './temp-dir'
import { waitFor } from './wait-for'

/** This checkout. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** How to start a server; everything has a default. */
export interface ServerOptions {
  /** `start` is production (the default), `dev` has the Workbench and hot reload. */
  mode?: 'start' | 'dev'
  env?: Record<string, string>
  /** The project to run: this checkout, or a copy of it. */
  root?: string
  /** Default: an empty folder of the server's own. */
  dataDir?: string
  port?: number
  /** Default: what `npm start` and `npm run dev` run. */
  command?: string[]
}

/** One line of `audit.jsonl`. */
export interface AuditLine {
  at: number
  topic: string
  traceId: string
  data: Record<string, unknown>
}

/** A running server. */
export interface TestServer extends Child {
  url: string
  port: number
  dataDir: string
  /** The data file, parsed; an empty store where there is none yet. */
  store(): { seq: number; pets: Record<string, Record<string, unknown>> }
  /** The audit trail so far. */
  audit(): AuditLine[]
  /** Kills it (kill -9), and waits until its private Redis has ended too. */
  kill(): Promise<Exit>
}

/** The environment of a server: this process's, without settings that it may hold, and without vitest's. */
export const serverEnvironment = (env: Record<string, string> = {}): NodeJS.ProcessEnv => {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(PORT|HOST|REDIS_|PETS_|BULLMQ_|MOTIA_|VITEST|NODE_ENV|LOG_LEVEL|VITE_|FORCE_COLOR)/.test(name),
  )
  return { ...Object.fromEntries(inherited), ...env }
}

/** Starts a server and waits until it is ready; rejects with its output where it ends instead. */
export const startServer = async (options: ServerOptions = {}): Promise<TestServer> => {
  const { mode = 'start', root = ROOT, dataDir = makeTempDir(), env = {} } = options
  const port = options.port ?? (await freePort())
  const command = options.command ?? [process.execPath, '--import', 'tsx', 'src/server/main.ts', mode]
  const child = startChild(command, {
    cwd: root,
    env: serverEnvironment({ PORT: String(port), PETS_DATA_DIR: dataDir, ...env }),
  })
  // The last line of what the server says when it is ready.
  await waitFor(() => /^ {3}Data: .*\n/m.test(child.output()) || !child.isRunning(), {
    what: 'the server to be ready',
    timeout: 100_000,
    seen: child.output,
  })
  if (!child.isRunning()) {
    const { code } = await child.exited
    throw new Error(`The server ended with ${code} instead of getting ready:\n${child.output()}`)
  }
  return {
    ...child,
    url: `http://127.0.0.1:${port}`,
    port,
    dataDir,
    store: () => readStore(dataDir),
    audit: () => readAudit(dataDir),
    kill: async () => {
      const exit = await child.stop('SIGKILL')
      await waitFor(() => !isAlive(redisPid(dataDir)), { what: 'the private Redis to end' })
      return exit
    },
  }
}

const readStore = (dataDir: string): ReturnType<TestServer['store']> => {
  const file = join(dataDir, 'pets.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { seq: 1, pets: {} }
}

const readAudit = (dataDir: string): AuditLine[] => {
  const file = join(dataDir, 'audit.jsonl')
  if (!existsSync(file)) return []
  // What follows the last line break is still being written.
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line))
}

/** The process id of the Redis that a server keeps beside its data; null where there is none. */
export const redisPid = (dataDir: string): number | null => {
  const note = join(dataDir, 'redis', 'redis.json')
  return existsSync(note) ? JSON.parse(readFileSync(note, 'utf8')).pid : null
}

/** Whether a process lives; one that has ended and waits for its parent does not. */
export const isAlive = (pid: number | null): boolean => {
  if (pid === null) return false
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  const stat = `/proc/${pid}/stat`
  return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, 'utf8'))
}
