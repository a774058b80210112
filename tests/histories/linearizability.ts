/** One call of a client, and its result. Times are of one clock. */
export interface Operation<Call> {
  call: Call
  calledAt: number
  /** Infinity if no response came: then it may have taken effect at any later time, or not. */
  returnedAt: number
}

/** The model for the check of a history: an object on which operations take effect one at a time. */
export interface Model<State, Call> {
  initial: State
  /** Returns the state after the call; null if the call cannot have got its response in this state. */
  apply(state: State, call: Call): State | null
  /** Two states that have the same key are the same. */
  keyOf(state: State): string
}

/** A response that no order of the operations explains. */
export interface Violation<Of> {
  operation: Of
  /** The states that were possible before, by their keys. */
  states: string[]
}

interface Configuration<State> {
  state: State
  /** The pending operations that have taken effect already, by their numbers: those that get a response later. */
  done: ReadonlySet<number>
  /** Those that never get one. */
  lost: ReadonlySet<number>
}

/**
 * Returns null if the history is linearizable: each operation can have taken effect at one moment between its call and its
 * response. This is Wing and Gong's search with Lowe's improvements: it goes through the history in order of time, remembers
 * every configuration that is possible so far, and lets an operation take effect only when a response requires it.
 */
export const findViolation = <State, Call, Of extends Operation<Call>>(
  operations: readonly Of[],
  { initial, apply, keyOf }: Model<State, Call>,
): Violation<Of> | null => {
  const pending = new Map<number, Of>()
  let possible: Configuration<State>[] = [{ state: initial, done: new Set(), lost: new Set() }]

  /** Every configuration in which the operation has taken effect just now, after any of the others that are pending. */
  const linearize = (wanted: number): Configuration<State>[] => {
    const found: Configuration<State>[] = []
    const seen = new Map<string, ReadonlySet<number>[]>()
    let open = possible
    while (open.length > 0) {
      const next: Configuration<State>[] = []
      for (const one of open) {
        const key = `${[...one.done].toSorted((a, b) => a - b)} ${keyOf(one.state)}`
        const others = seen.get(key) ?? []
        // A configuration that needs fewer operations without a response can do all that this one can.
        if (others.some((lost) => isWithin(lost, one.lost))) continue
        seen.set(key, [...others, one.lost])
        if (one.done.has(wanted)) {
          found.push({ ...one, done: without(one.done, wanted) })
          continue
        }
        const tried = new Set<string>()
        for (const [number, { call, returnedAt }] of pending) {
          if (one.done.has(number) || one.lost.has(number)) continue
          const isLost = returnedAt === Number.POSITIVE_INFINITY
          const text = isLost ? JSON.stringify(call) : ''
          // Of equal calls without a response, one is as good as any other.
          if (isLost && tried.has(text)) continue
          tried.add(text)
          const state = apply(one.state, call)
          if (state === null) continue
          if (isLost) next.push({ ...one, state, lost: new Set(one.lost).add(number) })
          else next.push({ ...one, state, done: new Set(one.done).add(number) })
        }
      }
      // Those with the fewest first.
      open = next.toSorted((a, b) => a.lost.size - b.lost.size)
    }
    return found
  }

  for (const { number, isCall } of momentsOf(operations)) {
    const operation = operations[number]
    if (!operation) continue
    if (isCall) {
      pending.set(number, operation)
      continue
    }
    const next = linearize(number)
    if (next.length === 0) {
      return { operation, states: [...new Set(possible.map(({ state }) => keyOf(state)))] }
    }
    possible = next
    pending.delete(number)
  }
  return null
}

const isWithin = (small: ReadonlySet<number>, large: ReadonlySet<number>): boolean =>
  small.size <= large.size && [...small].every((number) => large.has(number))

const without = (numbers: ReadonlySet<number>, number: number): ReadonlySet<number> =>
  new Set([...numbers].filter((other) => other !== number))

/** The calls and responses in the order of time. If two came at the same moment, they overlapped. */
const momentsOf = (operations: readonly Operation<unknown>[]): { number: number; isCall: boolean }[] => {
  const moments = operations.flatMap(({ calledAt, returnedAt }, number) => [
    { at: calledAt, number, isCall: true },
    ...(returnedAt === Number.POSITIVE_INFINITY ? [] : [{ at: returnedAt, number, isCall: false }]),
  ])
  return moments.toSorted((a, b) => a.at - b.at || Number(b.isCall) - Number(a.isCall))
}
