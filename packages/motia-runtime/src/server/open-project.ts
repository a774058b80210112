import { loadProject, type Project } from '../steps/project'
import type { ResolvedOptions, RuntimeHooks } from './options'

/**
 * Loads a project with its hooks, as `loadProject` does. `hooks` returns their current version, since hot reload may
 * replace them.
 */
export const openProject = async ({
  root,
  hooks: file,
}: Pick<ResolvedOptions, 'root' | 'hooks'>): Promise<Project & { hooks: () => RuntimeHooks }> => {
  const project = await loadProject(root, file ? [file] : [])
  const hooks = () => (file ? project.modules.module<{ hooks: RuntimeHooks }>(file).hooks : {})
  return { ...project, hooks }
}
