import { handOver } from './hand-over'
import type { RuntimeConfig } from './options'

/**
 * Returns the config of a project, for its `motia.config.ts`. If Motia's own command line (`npx motia dev`) reads that file,
 * this runtime takes over.
 */
export const defineConfig = async (config: RuntimeConfig): Promise<RuntimeConfig> => {
  await handOver(process.cwd())
  return config
}
