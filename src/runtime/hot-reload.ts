import { relative } from 'node:path'
import { watch } from 'chokidar'
import { isApiStep, isCronStep, isEventStep, type LockedData, type MotiaServer, type Step } from 'motia'
import { readStep } from './project-steps'
import type { StepModules } from './step-modules'

/** How long saves are collected before they are compiled, in ms: an editor writes a file in several steps. */
const SETTLE_MS = 60

/** What a reload changes the server through. */
export interface HotReloadOptions {
  root: string
  modules: StepModules
  lockedData: LockedData
  server: Pick<MotiaServer, 'addRoute' | 'removeRoute' | 'cronManager' | 'motiaEventManager'>
}

/**
 * Watches `steps/` and `src/` and puts a saved change into service: the steps that import it, however far, run their new
 * code from the next call on, and a changed config is registered anew. What does not compile, or throws when imported,
 * leaves the last good version in service. Answers the function that ends the watch.
 */
export const watchSteps = (options: HotReloadOptions): (() => Promise<void>) => {
  const { root, modules, lockedData } = options
  let timer: NodeJS.Timeout | undefined
  let reloading = Promise.resolve()
  const reload = async () => {
    const { changed, errors } = await modules.rebuild()
    for (const error of errors) console.error(`✗ ${error}`)
    if (errors.length > 0) console.error('The last good version stays in service')
    for (const file of changed) {
      const old = lockedData.getActiveSteps().find(({ filePath }) => filePath === file)
      if (!old) continue
      try {
        replaceStep(options, old, readStep(modules, file))
        console.info(`↻ ${relative(root, file)}`)
      } catch (error) {
        console.error(`✗ ${relative(root, file)}: ${error instanceof Error ? error.message : error}`)
      }
    }
  }
  const reloadSoon = () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      reloading = reloading.then(reload).catch((error) => console.error('Reload failed:', error))
    }, SETTLE_MS)
  }
  const watcher = watch(['steps', 'src'], { cwd: root, ignoreInitial: true })
    .on('all', (_event, path) => path.endsWith('.ts') && reloadSoon())
    // What was saved after the steps were compiled and before the watch began brings no event.
    .on('ready', reloadSoon)
  return async () => {
    clearTimeout(timer)
    await watcher.close()
    await reloading
  }
}

/** Registers the new config in place of the old where they differ; the handler is looked up anew at each call anyway. */
const replaceStep = ({ lockedData, server }: HotReloadOptions, old: Step, next: Step): void => {
  if (JSON.stringify(old.config) === JSON.stringify(next.config)) return
  if (isApiStep(old)) server.removeRoute(old)
  if (isCronStep(old)) server.cronManager.removeCronJob(old)
  if (isEventStep(old)) server.motiaEventManager.removeHandler(old)
  // Motia keeps the old object in its lists and moves the new config into it, so that object is what is registered again.
  if (!lockedData.updateStep({ ...old }, next)) return
  const step = lockedData.getActiveSteps().find(({ filePath }) => filePath === next.filePath) ?? next
  if (isApiStep(step)) server.addRoute(step)
  if (isCronStep(step)) server.cronManager.createCronJob(step)
  if (isEventStep(step)) server.motiaEventManager.createHandler(step)
}
