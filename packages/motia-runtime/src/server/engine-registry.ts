import type { MotiaStream, Printer, Stream } from 'motia'
import type { z } from 'zod'
import type { Engine } from '../engine/engine'
import { StepRegistry } from '../steps/step-registry'
import { writeTypesFile } from '../steps/types-file'

/** What the registry needs besides the engine. */
export interface EngineRegistryOptions {
  /** Whether clients may subscribe only to the project's own streams, and not to the Workbench's. */
  isProduction: boolean
  /** Whether to hide cron steps from Motia's scheduler, which cannot run them in this process. */
  hasOwnCron: boolean
  /** Returns the schema of each topic's data, for `types.d.ts`. */
  topics: () => Record<string, z.ZodType>
}

/** Motia's registry of steps and streams, with the engine's streams instead of those in Redis. */
export class EngineRegistry extends StepRegistry {
  constructor(
    root: string,
    printer: Printer,
    private readonly engine: Engine,
    private readonly options: EngineRegistryOptions,
  ) {
    // Motia's server only checks that the client exists, and creates with it the three streams that are replaced below.
    const noRedis: ConstructorParameters<typeof StepRegistry>[3] = Object.create(null)
    super(root, engine.streams, printer, noRedis)
  }

  override cronSteps(): ReturnType<StepRegistry['cronSteps']> {
    return this.options.hasOwnCron ? [] : super.cronSteps()
  }

  /** Motia's server calls this before it accepts a subscription. */
  override getStreamByName(name: string): Stream | undefined {
    const stream = super.getStreamByName(name)
    return this.options.isProduction && stream?.hidden ? undefined : stream
  }

  override saveTypes(): void {
    writeTypesFile(this.baseDir, {
      steps: this.getActiveSteps(),
      streams: this.listStreams(),
      topics: this.options.topics(),
    })
  }

  override createStream<TData>(
    stream: Omit<Stream, 'factory'>,
    options?: { disableTypeCreation?: boolean },
  ): () => MotiaStream<TData> {
    const own = this.engine.workbenchStream(stream.config.name)
    if (own) stream.config.baseConfig = { storageType: 'custom', factory: () => own }
    return super.createStream<TData>(stream, options)
  }
}
