import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { waitFor } from './wait-for'

/** How a process ended, and how long it took to stop, in ms. */
export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
  ms: number
  /** Whether processes that it started were still running seconds later. They were then killed. */
  hasLeftOthers: boolean
}

/** A process that a test has started, with its output. */
export interface Child {
  pid: number
  /** Returns its output so far, of both streams. */
  output(): string
  /** Waits until it has printed a text, after `from` characters of its output. Returns the output up to the end of the text. */
  printed(text: string | RegExp, options?: { from?: number; timeout?: number }): Promise<string>
  isRunning(): boolean
  /** Resolves once it has ended and its output is complete. */
  exited: Promise<Exit>
  /** Sends it a signal (default: SIGTERM), and waits until it and all processes that it started have ended. */
  stop(signal?: NodeJS.Signals, options?: { wholeGroup?: boolean }): Promise<Exit>
}

const running = new Map<ChildProcess, Promise<Exit>>()

/** How long the processes that it started may outlive it, in ms. */
const ORPHAN_MS = 5_000

const SETPRIV = '/usr/bin/setpriv'
/** On Linux the kernel ends the child when the test's process dies for any reason. */
const tether = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL'] : []

/** Starts a command in its own process group. It ends with the test file, or at the latest with this process. */
export const startChild = (
  command: string[],
  { cwd, env = {} }: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Child => {
  const [file = '', ...args] = [...tether, ...command]
  const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const { pid } = child
  if (pid === undefined) throw new Error(`${command[0]} cannot be started`)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
  }
  let askedAt = Date.now()
  let endedAt = askedAt
  let hasLeftOthers = false
  let orphanTimer: NodeJS.Timeout | undefined
  child.once('exit', () => {
    endedAt = Date.now()
    orphanTimer = setTimeout(() => {
      hasLeftOthers = true
      killGroup(child, 'SIGKILL')
    }, ORPHAN_MS)
  })
  const exited = new Promise<Exit>((resolve) => {
    // After the exit: other processes that it started may still have its output open.
    child.once('close', (code, signal) => {
      clearTimeout(orphanTimer)
      running.delete(child)
      resolve({ code, signal, ms: endedAt - askedAt, hasLeftOthers })
    })
  })
  running.set(child, exited)
  const isRunning = () => running.has(child)
  const find = (wanted: string | RegExp, from: number): string | null => {
    const rest = text.slice(from)
    const match = typeof wanted === 'string' ? { index: rest.indexOf(wanted), length: wanted.length } : at(rest, wanted)
    return match.index < 0 ? null : text.slice(0, from + match.index + match.length)
  }
  return {
    pid,
    output: () => text,
    printed: (wanted, { from = 0, timeout = 15_000 } = {}) =>
      waitFor(() => find(wanted, from), { what: `the output ${wanted}`, timeout, seen: () => text.slice(-4_000) }),
    isRunning,
    exited,
    stop: (signal = 'SIGTERM', { wholeGroup = false } = {}) => {
      askedAt = Date.now()
      if (wholeGroup) killGroup(child, signal)
      else child.kill(signal)
      return exited
    },
  }
}

const at = (text: string, pattern: RegExp): { index: number; length: number } => {
  const match = pattern.exec(text)
  return { index: match?.index ?? -1, length: match?.[0].length ?? 0 }
}

const killGroup = ({ pid = 0 }: ChildProcess, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    const isGone = error instanceof Error && 'code' in error && error.code === 'ESRCH'
    if (!isGone) throw error
  }
}

/** Ends every child that is still running: with SIGTERM, and after a few seconds with SIGKILL. */
export const stopChildren = async (): Promise<void> => {
  await Promise.all(
    [...running].map(async ([child, exited]) => {
      killGroup(child, 'SIGTERM')
      const force = setTimeout(() => killGroup(child, 'SIGKILL'), 10_000)
      await exited
      clearTimeout(force)
    }),
  )
}

process.on('exit', () => {
  for (const child of running.keys()) killGroup(child, 'SIGKILL')
})
