import { spawn } from 'node:child_process'
import { existsSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A contender's server that runs and answers. */
export interface ServerProcess {
  pid: number
  /** From the spawn to the first answer, in ms. */
  startupMs: number
  /** Ends it by a signal, SIGTERM unless told otherwise, and waits for that. */
  end(signal?: NodeJS.Signals): Promise<void>
}

/** What to start. */
export interface ServerCommand {
  command: string[]
  cwd: string
  env: NodeJS.ProcessEnv
  /** Takes both output streams. */
  logFile: string
  /** Answers with a 2xx once the server is ready. */
  readyUrl: string
}

const START_TIMEOUT_MS = 60_000
const POLL_INTERVAL_MS = 5

const SETPRIV = '/usr/bin/setpriv'
/** On Linux the kernel ends the server with this process, whatever that died of. */
const TETHER = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL'] : []

const running = new Map<number, Promise<void>>()

/** Starts a server in a process group of its own; rejects with the end of its output where it does not get ready. */
export const startProcess = async ({ command, cwd, env, logFile, readyUrl }: ServerCommand): Promise<ServerProcess> => {
  const [file = '', ...args] = [...TETHER, ...command]
  const log = openSync(logFile, 'a')
  const startedAt = performance.now()
  const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', log, log] })
  const { pid } = child
  if (pid === undefined) throw new Error(`${file} cannot be started`)
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      running.delete(pid)
      resolve()
    })
  })
  running.set(pid, ended)
  while (!(await answers(readyUrl))) {
    const isLate = performance.now() - startedAt > START_TIMEOUT_MS
    if (!running.has(pid) || isLate) {
      signalGroup(pid, 'SIGKILL')
      throw new Error(`${command.join(' ')} does not get ready:\n${readFileSync(logFile, 'utf8').slice(-2_000)}`)
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

const answers = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(url)
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}

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
