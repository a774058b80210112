import type { Event, QueueConfig } from 'motia'
import type { TestContext } from 'vitest'
import type { Engine } from '../../src/engine/engine'

/** The storage that the engines of one test share: a folder, or a part of a Redis, that no other test uses. */
export interface EngineWorld {
  /**
   * The absolute path of a module that exports `openEngine(options): Promise<Engine>`; child processes import it too.
   */
  module: string
  /** The argument of `openEngine`. Must be JSON. */
  options: unknown
}

/** Creates empty storage for one test. */
export type MakeWorld = () => EngineWorld | Promise<EngineWorld>

/** An event as a test emits it. */
export type TestEvent = Event<unknown> & { id?: string }

/** Opens an engine on the world's storage, as the start of a server would. */
export const openEngine = async ({ module, options }: EngineWorld): Promise<Engine> => {
  const imported: { openEngine: (options: unknown) => Promise<Engine> } = await import(/* @vite-ignore */ module)
  return imported.openEngine(options)
}

/** Stops an engine as a server does. */
export const stopEngine = async (engine: Engine): Promise<void> => {
  await engine.events.shutdown()
  await engine.close()
}

/** Returns the test's own world, and `open`, whose engines are stopped after the test at the latest. */
export const beginTest = async (makeWorld: MakeWorld, { onTestFinished }: TestContext) => {
  const world = await makeWorld()
  const open = async (): Promise<Engine> => {
    const engine = await openEngine(world)
    onTestFinished(() => stopEngine(engine))
    return engine
  }
  return { world, open }
}

/** Returns an engine with its own storage. */
export const openAlone = async (makeWorld: MakeWorld, context: TestContext): Promise<Engine> => {
  const { open } = await beginTest(makeWorld, context)
  return open()
}

/** Motia's queue config with as few attempts as possible. */
export const queueConfig = (fields: Partial<QueueConfig> = {}): QueueConfig => {
  const { type = 'standard', ...rest } = fields
  return { ...{ type, maxRetries: 0, visibilityTimeout: 900, delaySeconds: 0 }, ...rest }
}

/** An event of the topic `job`. */
export const buildEvent = (fields: Partial<TestEvent> = {}): TestEvent => ({
  ...{ topic: 'job', data: { petId: '1' }, traceId: 'TRACE-1', flows: ['pets'] },
  ...fields,
})

/** Returns a handler that records the data it gets, in order. */
export const recorder = () => {
  const received: unknown[] = []
  const handler = async ({ data }: Event<unknown>): Promise<void> => {
    received.push(data)
  }
  return { received, handler }
}

/** Returns a promise that a test resolves when it wants to. */
export const gate = () => {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}
