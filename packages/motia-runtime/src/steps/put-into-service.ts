import { isApiStep, isCronStep, isEventStep, type LockedData, type MotiaServer, type Step } from 'motia'
import { type Definition, isStep, isStream } from './definitions'
import { allSteps, projectStreams, type StreamFile } from './step-registry'

/** The parts of the server that a reload changes. */
export interface Service {
  lockedData: LockedData
  server: Pick<MotiaServer, 'addRoute' | 'removeRoute' | 'motiaEventManager'> & {
    cronManager: Pick<MotiaServer['cronManager'], 'createCronJob' | 'removeCronJob'>
  }
}

// `onReload` writes the types, once for each reload.
const NO_TYPES = { disableTypeCreation: true }

/** Returns the steps and streams in service. */
export const definitionsInService = ({ lockedData }: Service): Definition[] => [
  ...allSteps(lockedData),
  ...projectStreams(lockedData),
]

/** Takes a step or a stream out of service. */
export const remove = (service: Service, definition: Definition): void => {
  if (!isStep(definition)) {
    const stream = service.lockedData.findStream(definition.filePath)
    if (stream) service.lockedData.deleteStream(stream, NO_TYPES)
    return
  }
  unregister(service, definition)
  service.lockedData.deleteStep(definition, NO_TYPES)
}

/**
 * Puts new definitions into service, instead of those of the same files. Registers only changed configs again, since
 * the handler is looked up at each call. Removes all old definitions before it adds the first new one, so that two
 * steps may swap their names.
 */
export const putIntoService = (service: Service, definitions: Definition[]): void => {
  for (const stream of definitions.filter(isStream)) putStream(service, stream)
  const steps = allSteps(service.lockedData)
  const changes = definitions.filter(isStep).flatMap((next) => {
    const old = steps.find(({ filePath }) => filePath === next.filePath)
    return JSON.stringify(old?.config) === JSON.stringify(next.config) ? [] : [{ old, next }]
  })
  for (const { old } of changes) if (old) unregister(service, old)
  for (const { old, next } of changes) register(service, record(service.lockedData, old, next))
}

/** Returns the object that represents the step in Motia from now on. */
const record = (lockedData: LockedData, old: Step | undefined, next: Step): Step => {
  if (old?.config.type === next.config.type) {
    // Motia keeps the old object in its lists and copies the new config into it.
    lockedData.updateStep({ ...old }, next, NO_TYPES)
    return old
  }
  if (old) lockedData.deleteStep(old, NO_TYPES)
  lockedData.createStep(next, NO_TYPES)
  return next
}

const putStream = ({ lockedData }: Service, next: StreamFile): void => {
  const old = lockedData.findStream(next.filePath)
  if (old) lockedData.updateStream(old, { ...next, factory: old.factory }, NO_TYPES)
  else lockedData.createStream(next, NO_TYPES)
}

const register = ({ server }: Service, step: Step): void => {
  if (isApiStep(step)) server.addRoute(step)
  if (isCronStep(step)) server.cronManager.createCronJob(step)
  if (isEventStep(step)) server.motiaEventManager.createHandler(step)
}

const unregister = ({ server }: Service, step: Step): void => {
  if (isApiStep(step)) server.removeRoute(step)
  if (isCronStep(step)) server.cronManager.removeCronJob(step)
  if (isEventStep(step)) server.motiaEventManager.removeHandler(step)
}
