import { LockedData, type MotiaStream, type Step, type Stream } from 'motia'

/** What of a stream its file decides; the registry adds the factory. */
export type StreamFile = Omit<Stream, 'factory'>

/**
 * Motia's registry of steps and streams without its leak: Motia's server wraps what a stream's factory returns at each call,
 * and calls every factory for each step it runs. A trace stream returns one object, whose methods so grow a layer with each
 * call until the server hangs. Here each factory is called once.
 */
export class StepRegistry extends LockedData {
  override createStream<TData>(
    stream: StreamFile,
    options?: { disableTypeCreation?: boolean },
  ): () => MotiaStream<TData> {
    const factory = once(super.createStream<TData>(stream, options))
    // The parent keeps the very object it is given, and put its factory there.
    Object.assign(stream, { factory })
    return factory
  }

  override updateStream(old: Stream, next: Stream, options?: { disableTypeCreation?: boolean }): void {
    super.updateStream(old, next, options)
    const isStored = old.config.baseConfig.storageType === 'default' && next.config.baseConfig.storageType === 'default'
    // A stream of the same name keeps its items.
    next.factory = isStored && old.config.name === next.config.name ? old.factory : once(next.factory)
  }
}

/** Returns the steps in service, those that are only drawn (`noop`) too. */
export const allSteps = (lockedData: LockedData): Step[] => [...lockedData.getActiveSteps(), ...lockedData.devSteps]

/** Returns the streams in service that the project defines; Motia and its plugins hide theirs. */
export const projectStreams = (lockedData: LockedData): Stream[] =>
  lockedData.listStreams().filter(({ hidden }) => !hidden)

const once = <T>(make: () => T): (() => T) => {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
