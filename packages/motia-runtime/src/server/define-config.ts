import { spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { add } from '@amplitude/analytics-node'
import { environmentOf } from './flags'
import type { RuntimeConfig } from './options'
import { onStopSignal } from './stop-signals'

const PACKAGE = dirname(createRequire(import.meta.url).resolve('motia-runtime/package.json'))
const COMMAND = join(PACKAGE, 'bin', 'motia-runtime.mjs')

/**
 * Returns the config of a project, for its `motia.config.ts`. Pass a function if the config may throw, for example
 * because it reads settings: the server then prints the error in one line and does not start. If Motia's own command
 * line (`npx motia dev`) reads the file, this runtime takes over.
 */
export const defineConfig = async (config: RuntimeConfig | (() => RuntimeConfig)): Promise<RuntimeConfig> => {
  await handOver(process.cwd())
  return typeof config === 'function' ? config() : config
}

/**
 * Runs this runtime instead of `npx motia dev`, `npx motia start` and `npx motia generate openapi`. The first two
 * ignore the chosen host, move to another port and stop without a drain. The third describes neither parameters nor
 * components. When Motia's command line evaluates `motia.config.ts`, this starts the runtime as a process and passes
 * signals on. Resolves at once if another of Motia's commands, or the runtime itself, reads the config.
 */
const handOver = async (root: string): Promise<void> => {
  const [, script = '', command = '', ...args] = process.argv
  const isMotia = script !== '' && realpathSync(script).endsWith(join('motia', 'dist', 'cli.mjs'))
  const ours = isMotia ? commandFor(command, args) : null
  if (!ours) return
  silenceTelemetry()
  const server = spawn(process.execPath, [COMMAND, ...ours.words], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...ours.environment },
  })
  // On Windows `kill` would end the server at once, and the console has already signalled it.
  onStopSignal(() => process.platform !== 'win32' && server.kill())
  server.once('exit', (code) => process.exit(code ?? 1))
  await new Promise(() => {})
}

/** Returns this runtime's counterpart of a command of Motia's; null if Motia runs it itself. */
const commandFor = (command: string, args: string[]): { words: string[]; environment: NodeJS.ProcessEnv } | null => {
  if (['dev', 'start'].includes(command)) {
    return { words: [command], environment: environmentOf(args, { strict: false }) }
  }
  if (command === 'generate' && args[0] === 'openapi') return { words: args, environment: {} }
  return null
}

/**
 * When Motia's command line reads the config, it has already recorded its start for Amplitude, regardless of an `.env`
 * file. A plugin can reach the client that would send it.
 */
const silenceTelemetry = (): void => {
  const setup = async (config: { offline?: unknown }) => {
    config.offline = true
  }
  add({ name: 'silence', type: 'enrichment', setup, execute: async () => null })
}
