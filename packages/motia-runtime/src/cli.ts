import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { setLogFormat } from './logging/console-lines'
import { printFailure, takeOverConsole, takeOverWarnings } from './logging/own-console'
import { environmentOf } from './server/flags'
import { checkProjectPath } from './server/project-path'
import type { Mode } from './server/serve'
import { onStopSignal } from './server/stop-signals'

const modes: Mode[] = ['dev', 'start']

// A log that cannot be written (full disk, closed pipe) must not end the server.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

/** Adds a file's variables to the environment, unless they are set. Node's `loadEnvFile` loses the line after a BOM. */
const loadEnvironment = (file: string): void => {
  if (!existsSync(file)) return
  const variables = parseEnv(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''))
  for (const [name, value] of Object.entries(variables)) process.env[name] ??= value
}

const main = async (): Promise<void> => {
  const [, , command, ...args] = process.argv
  const mode = modes.find((known) => known === command)
  const isTool = command === 'types' || command === 'openapi'
  if (!mode && !isTool) throw new Error('Usage: motia-runtime dev | start | types | openapi')
  let stop: ((exitCode: number) => Promise<void>) | undefined
  // Before anything is loaded: the kernel drops signals for which process 1 of a container has no listener.
  if (mode) onStopSignal(() => (stop ? void stop(0) : process.exit(0)))
  const root = process.cwd()
  checkProjectPath(root, mode === 'dev')
  if (!isTool) Object.assign(process.env, environmentOf(args))
  loadEnvironment('.env')
  // Motia, the Workbench and its page all read this variable.
  process.env.MOTIA_ANALYTICS_DISABLED = 'true'
  const { readConfig } = await import('./server/read-config')
  if (!mode) {
    const { writeOpenApi, writeTypes } = await import('./server/write-files')
    const config = await readConfig(root)
    return command === 'openapi' ? writeOpenApi(root, config, args) : writeTypes(root, config)
  }
  // Before reading the config, which may fail.
  await setLogFormat(process.env.LOG_FORMAT === 'json' ? 'json' : 'text')
  takeOverConsole()
  takeOverWarnings()
  if (mode === 'start') process.env.NODE_ENV ??= 'production'
  const [{ serve }, { containStepErrors }, { isWatchTrouble, sayWatchTrouble }] = await Promise.all([
    import('./server/serve'),
    import('./steps/step-scope'),
    import('./steps/watch-trouble'),
  ])
  containStepErrors((error) => {
    // Vite does not listen for the errors of its watcher.
    if (isWatchTrouble(error)) return sayWatchTrouble(root, error)
    console.error('Unexpected error outside of any step:', error)
    if (stop) void stop(1)
    else process.exit(1)
  })
  const server = await serve(mode, root, await readConfig(root))
  stop = server.stop
}

main().catch((error: unknown) => {
  printFailure(error)
  process.exit(1)
})
