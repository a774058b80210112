import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { problemLines, StepModules } from '../steps/step-modules'
import type { RuntimeConfig } from './options'

/** Returns the project's config, from `motia.config.ts` or `motia.config.js`. It is empty if neither exists. */
export const readConfig = async (root: string): Promise<RuntimeConfig> => {
  const file = ['motia.config.ts', 'motia.config.js'].map((name) => join(root, name)).find((path) => existsSync(path))
  if (!file) return {}
  const modules = new StepModules(root)
  try {
    const { problems } = await modules.rebuild([file])
    if (problems.size > 0) throw new Error(problemLines(problems).join('\n'))
    modules.adopt(file)
    return await modules.module<{ default: RuntimeConfig | Promise<RuntimeConfig> }>(file).default
  } finally {
    await modules.close()
  }
}
