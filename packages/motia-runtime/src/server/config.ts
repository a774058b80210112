import { handOver } from './hand-over'
import type { RuntimeConfig } from './options'

/**
 * Returns the config of a project, for its `motia.config.ts`. A config that may throw, because it reads settings, is given as a
 * function: its error is then the line that ends the start. If Motia's own command line (`npx motia dev`) reads the file, this
 * runtime takes over.
 */
export const defineConfig = async (config: RuntimeConfig | (() => RuntimeConfig)): Promise<RuntimeConfig> => {
  await handOver(process.cwd())
  return typeof config === 'function' ? config() : config
}
