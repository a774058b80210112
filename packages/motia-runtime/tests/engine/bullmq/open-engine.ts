import { type BullMqEngineOptions, createBullMqEngine } from '../../../src/engine/bullmq/bullmq-engine'
import type { Engine } from '../../../src/engine/engine'

/** Opens an engine for the suite of promises, here and in its child processes. */
export const openEngine = (options: BullMqEngineOptions): Promise<Engine> => createBullMqEngine(options)
