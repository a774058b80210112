import { spawn } from 'node:child_process'
import { existsSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A server that runs in a process group of its own. */
export interface ServerProcess {
  pid: number
  /** From the spawn until it was ready, in ms. */
  startupMs: number
  /** Ends it by a signal, SIGTERM by default, and waits for that. */
  end(signal?: NodeJS.Signals): Promise<void>
}

/** What to start. */
export interface ServerCommand {
  command: string[]
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** Takes both output streams. */
  logFile: string
  /** The user to run as; only root can name one. */
  user?: string
  isReady(): boolean | Promise<boolean>
}

const START_TIMEOUT_MS = 60_000
const POLL_INTERVAL_MS = 5

const SETPRIV = '/usr/bin/setpriv'

/** On Linux the kernel ends the server with this process, whatever ended that. */
const TETHER = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL'] : []

/** The start of a command that runs the rest of it as that user. */
export const asUser = (user: string): string[] => [SETPRIV, '--reuid', user, '--regid', user, '--clear-groups']

const running = new Map<number, Promise<void>>()

/** Starts a server and waits until it is ready; rejects with the end of its output if it does not get ready. */
export const startProcess = async (options: ServerCommand): Promise<ServerProcess> => {
  const { command, cwd, env, logFile, user, isReady } = options
  // The kernel forgets the tether when the user changes, so that comes first.
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

/** Whether a GET of the URL gets a 2xx. */
export const responds = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(url)
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}

/** Whether the log file holds the text. */
export const hasLogged = (logFile: string, text: string): boolean => readFileSync(logFile, 'utf8').includes(text)

const signalGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    const isGone = error instanceof Error && 'code' in error && error.code === 'ESRCH'
    if (!isGone) throw error
  }
}

/** Asks every server that still runs to end, and waits for that. */
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
