/** On Windows, Ctrl-C is SIGINT, a closed console is SIGHUP, and nothing sends SIGTERM. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/**
 * Signals within this time, in ms, count as one: npm repeats the Ctrl-C that the terminal sends to all its processes.
 */
const SAME_SIGNAL_MS = 200

const PARENT_CHECK_MS = 250

/** The script of `npm run` or `npx` if it is one plain command, whose shell lives as long as the command. */
const PLAIN_SCRIPT = /^(['"]?)(motia|motia-runtime)\1( [\w./:=-]+)*$/

/**
 * Calls `stop` for each signal that asks this process to stop, and if npm, which started the process, gets a SIGTERM:
 * npm passes it to its shell only, and most shells end without passing it on.
 */
export const onStopSignal = (stop: () => void): void => {
  let stoppedAt: number | undefined
  const ask = (): void => {
    const now = performance.now()
    if (stoppedAt !== undefined && now - stoppedAt < SAME_SIGNAL_MS) return
    stoppedAt = now
    stop()
  }
  for (const signal of SIGNALS) process.on(signal, ask)
  if (process.platform === 'win32' || !PLAIN_SCRIPT.test(process.env.npm_lifecycle_script ?? '')) return
  const shell = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === shell) return
    clearInterval(timer)
    // In a terminal, this process also gets the signal.
    if (stoppedAt === undefined) ask()
  }, PARENT_CHECK_MS)
  timer.unref()
}
