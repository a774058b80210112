import type { StepModules } from '../steps/step-modules'
import type { ResolvedOptions, RuntimeHooks } from './options'

/** Returns a function that returns the project's hooks: those of the module's current version, since hot reload replaces it. */
export const hooksOf = (modules: StepModules, { hooks }: Pick<ResolvedOptions, 'hooks'>): (() => RuntimeHooks) =>
  hooks ? () => modules.module<{ hooks: RuntimeHooks }>(hooks).hooks : () => ({})
