import { loadProject, type Project } from '../steps/project'
import type { ResolvedOptions, RuntimeHooks } from './options'

/** A project with a function that returns the current version of its hooks, since hot reload may replace them. */
export interface OpenProject extends Project {
  hooks: () => RuntimeHooks
}

/** Loads a project with its hooks. Throws the errors of `loadProject`. */
export const openProject = async ({
  root,
  hooks: file,
}: Pick<ResolvedOptions, 'root' | 'hooks'>): Promise<OpenProject> => {
  const project = await loadProject(root, file ? [file] : [])
  const hooks = () => (file ? project.modules.module<{ hooks: RuntimeHooks }>(file).hooks : {})
  return { ...project, hooks }
}
