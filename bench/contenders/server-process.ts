import { spawn } from 'node:child_process'
import { existsSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A server that runs in its own process group. */
export interface ServerProcess {
  pid: number
  /** The time from the spawn until it was ready, in ms. */
  startupMs: number
  /** Ends it with a signal, by default SIGTERM, and waits until it has ended. */
  end(signal?: NodeJS.Signals): Promise<void>
}

/** The command to start, and its surroundings. */
export interface ServerCommand {
  command: string[]
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** The file that gets both output streams. */
  logFile: string
  /** The user to run as; only root can name one. */
  user?: string
  isReady(): boolean | Promise<boolean>
}

const START_TIMEOUT_MS = 60_000
const POLL_INTERVAL_MS = 5

const SETPRIV = '/usr/bin/setpriv'

/** On Linux, the kernel ends the server when this process ends, for whatever reason. */
const TETHER = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL'] : []

/** Returns the beginning of a command that runs the rest as that user. */
export const asUser = (user: string): string[] => [SETPRIV, '--reuid', user, '--regid', user, '--clear-groups']

const running = new Map<number, Promise<void>>()

/** Starts a server and waits until it is ready. If it does not become ready, rejects with the end of its output. */
export const startProcess = async (options: ServerCommand): Promise<ServerProcess> => {
  const { command, cwd, env, logFile, user, isReady } = options
  // A change of user resets `--pdeathsig`, so the user comes first.
  const [file = '', ...args] = [...(user ? asUser(user) : []), ...TETHER, ...command]
  const log = openSync(logFile, 'a')
  const startedAt = performance.now()
  const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', log, log] })
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('exit', () => resolve())
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${file} cannot be started`)
  running.set(pid, ended)
  void ended.then(() => running.delete(pid))
  while (!(await isReady())) {
    const isLate = performance.now() - startedAt > START_TIMEOUT_MS
    if (!running.has(pid) || isLate) {
      signalGroup(pid, 'SIGKILL')
      throw new Error(`${command.join(' ')} did not get ready:\n${readFileSync(logFile, 'utf8').slice(-2_000)}`)
    }
    await sleep(POLL_INTERVAL_MS)
  }
  return {
    pid,
    startupMs: performance.now() - startedAt,
    end: async (signal = 'SIGTERM') => {
      if (running.has(pid)) signalGroup(pid, signal)
      await ended
    },
  }
}

/** Returns whether a GET of the URL gets a 2xx. */
export const responds = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(url)
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}

/** Returns whether the log file contains the text. */
export const hasLogged = (logFile: string, text: string): boolean => readFileSync(logFile, 'utf8').includes(text)

const signalGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    const isGone = error instanceof Error && 'code' in error && error.code === 'ESRCH'
    if (!isGone) throw error
  }
}

/** Asks every server that is still running to end, and waits until they have ended. */
export const endAll = async (): Promise<void> => {
  await Promise.all(
    [...running].map(([pid, ended]) => {
      signalGroup(pid, 'SIGTERM')
      return ended
    }),
  )
}

process.on('exit', () => {
  for (const pid of running.keys()) signalGroup(pid, 'SIGKILL')
})
