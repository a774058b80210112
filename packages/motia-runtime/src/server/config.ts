import { handOver } from './hand-over'
import type { RuntimeConfig } from './options'

/**
 * Returns the config of a project, for its `motia.config.ts`. Pass a function if the config may throw, for example
 * because it reads settings: the server then prints the error in one line and does not start. If Motia's own command
 * line (`npx motia dev`) reads the file, this runtime takes over.
 */
export const defineConfig = async (config: RuntimeConfig | (() => RuntimeConfig)): Promise<RuntimeConfig> => {
  await handOver(process.cwd())
  return typeof config === 'function' ? config() : config
}
