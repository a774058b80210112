import type { StepModules } from '../steps/step-modules'
import type { ResolvedOptions, RuntimeHooks } from './options'

/** Returns a function that returns the current version of the project's hooks, since hot reload may replace them. */
export const hooksOf = (modules: StepModules, { hooks }: Pick<ResolvedOptions, 'hooks'>): (() => RuntimeHooks) =>
  hooks ? () => modules.module<{ hooks: RuntimeHooks }>(hooks).hooks : () => ({})
