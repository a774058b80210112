import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { containStepErrors } from '../runtime/step-scope'
import { readSettings } from '../settings'
import { type Mode, serve } from './serve'

const modes: Mode[] = ['dev', 'start']

// A log that cannot be written (its disk is full, its reader is gone) must not take the server down.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

const main = async (): Promise<void> => {
  const mode = modes.find((known) => known === process.argv[2])
  if (!mode) throw new Error(`Say how to start: ${modes.join(' or ')}`)
  const root = resolve(import.meta.dirname, '../..')
  // Before the settings are read, here and by the steps: a relative data folder means the same to all.
  process.chdir(root)
  if (existsSync('.env')) process.loadEnvFile('.env')
  // Motia, the Workbench and its page all ask this one.
  process.env.MOTIA_ANALYTICS_DISABLED = 'true'
  if (mode === 'start') process.env.NODE_ENV ??= 'production'
  const server = await serve(mode, root, readSettings())
  containStepErrors((error) => {
    console.error('Unexpected error outside of any step:', error)
    void server.stop(1)
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void server.stop(0))
}

main().catch((error: unknown) => {
  console.error(`✗ ${error instanceof Error ? error.message : error}`)
  process.exit(1)
})
