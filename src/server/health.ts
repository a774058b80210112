import type { BullMqEvents } from '../runtime/bullmq-events'
import type { StepModules } from '../runtime/step-modules'

/** Where the pets' rules are: loaded with the steps, so that the server and the steps share one store. */
export const PETS_MODULE = 'src/pets/pets.ts'

/** An answer to `GET /health`. */
export interface Health {
  status: number
  body: object
}

/** The answer of a server that was told to stop: all works, but nobody should send it anything new. */
export const STOPPING: Health = { status: 503, body: { status: 'stopping' } }

/**
 * The answer to `GET /health`. Without Redis the pets are served and only jobs wait: that is a 200 that says `degraded`.
 * Without the store nothing works: a 503.
 */
export const checkHealth = async (modules: StepModules, events: Pick<BullMqEvents, 'isConnected'>): Promise<Health> => {
  const redis = events.isConnected ? 'ok' : 'away: jobs wait until it is back'
  const { pets } = modules.module<typeof import('../pets/pets')>(PETS_MODULE)
  const store = await pets.check().then(
    () => 'ok',
    (error: Error) => error.message,
  )
  const status = store !== 'ok' ? 'unavailable' : redis !== 'ok' ? 'degraded' : 'ok'
  return { status: store === 'ok' ? 200 : 503, body: { status, store, redis } }
}
