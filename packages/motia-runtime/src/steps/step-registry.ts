import { LockedData, type MotiaStream, type Step, type Stream } from 'motia'

/** A stream as its file defines it. The registry adds the factory. */
export type StreamFile = Omit<Stream, 'factory'>

/**
 * Motia's registry of steps and streams without its leak. For each step that it runs, Motia's server calls every
 * stream's factory and wraps the result. The factory of a trace stream always returns the same object, so its methods
 * get a new layer with each call until the server hangs. This registry calls each factory once.
 */
export class StepRegistry extends LockedData {
  override createStream<TData>(
    stream: StreamFile,
    options?: { disableTypeCreation?: boolean },
  ): () => MotiaStream<TData> {
    const factory = once(super.createStream<TData>(stream, options))
    // The parent keeps the given object, and has put its factory there.
    Object.assign(stream, { factory })
    return factory
  }

  override updateStream(old: Stream, next: Stream, options?: { disableTypeCreation?: boolean }): void {
    super.updateStream(old, next, options)
    const isStored = old.config.baseConfig.storageType === 'default' && next.config.baseConfig.storageType === 'default'
    // A redefined stream keeps its items.
    next.factory = isStored && old.config.name === next.config.name ? old.factory : once(next.factory)
  }
}

/** Returns the steps in service, including those that are only drawn (`noop`). */
export const allSteps = (lockedData: LockedData): Step[] => [...lockedData.getActiveSteps(), ...lockedData.devSteps]

/** Returns the project's streams in service. Motia and its plugins mark theirs as hidden. */
export const projectStreams = (lockedData: LockedData): Stream[] =>
  lockedData.listStreams().filter(({ hidden }) => !hidden)

const once = <T>(make: () => T): (() => T) => {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
