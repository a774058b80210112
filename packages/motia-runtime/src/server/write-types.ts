import { loadProject } from '../steps/project'
import { writeTypesFile } from '../steps/types-file'
import { hooksOf } from './hooks'
import { type RuntimeConfig, resolveOptions } from './options'

/** Writes the project's `types.d.ts` without starting a server. Throws the errors of a start. */
export const writeTypes = async (root: string, config: RuntimeConfig): Promise<void> => {
  const options = resolveOptions(root, config.runtime)
  const { modules, steps, streams } = await loadProject(root, options.hooks ? [options.hooks] : [])
  try {
    writeTypesFile(root, { steps, streams, topics: hooksOf(modules, options)().topics ?? {} })
  } finally {
    await modules.close()
  }
}
