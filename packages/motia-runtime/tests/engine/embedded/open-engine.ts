import { createEmbeddedEngine, type EmbeddedEngineOptions } from '../../../src/engine/embedded/embedded-engine'

/** Opens an embedded engine, for the promises that all engines keep. */
export const openEngine = (options: EmbeddedEngineOptions) => createEmbeddedEngine(options)
