import { spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { add } from '@amplitude/analytics-node'

/**
 * `npx motia dev` and `npx motia start` begin like this project's own commands and then lack half of what those have: the
 * chosen host and port, a port that is taken as an error, doors, a graceful stop. So when Motia's command line evaluates
 * `motia.config.ts`, it hands over to this project's server and stays behind only to pass signals on. Resolves at once
 * where nobody but our own server, or another of Motia's commands, reads the config.
 */
export const handOver = async (root: string): Promise<void> => {
  const [, script = '', command = ''] = process.argv
  const isMotia = realpathSync(script).endsWith(join('motia', 'dist', 'cli.mjs'))
  if (!isMotia || !['dev', 'start'].includes(command)) return
  silenceTelemetry()
  const server = spawn(process.execPath, ['--import', 'tsx', join(root, 'src/server/main.ts'), command], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...portAndHost(process.argv.slice(3)) },
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => server.kill(signal))
  server.once('exit', (code) => process.exit(code ?? 1))
  await new Promise(() => {})
}

/**
 * By the time it reads the config, Motia's command line has noted its start for Amplitude, whatever an `.env` file says. A
 * plugin is how to get at the client that will send it.
 */
const silenceTelemetry = (): void => {
  const setup = async (config: { offline?: unknown }) => {
    config.offline = true
  }
  add({ name: 'silence', type: 'enrichment', setup, execute: async () => null })
}

/** Motia's own options, in the words of the settings. */
const portAndHost = (options: string[]): NodeJS.ProcessEnv => {
  const optionAfter = (...names: string[]): string | undefined => {
    const index = options.findIndex((option) => names.includes(option))
    return index < 0 ? undefined : options[index + 1]
  }
  const port = optionAfter('-p', '--port')
  const host = optionAfter('-H', '--host')
  return { ...(port ? { PORT: port } : {}), ...(host ? { HOST: host } : {}) }
}
