import { findViolation, type Model, type Operation } from './linearizability'

/** What a client can tell of a pet: the fields that only clients change. */
export interface SeenPet {
  name: string
  ageMonths: number
  status: string
}

/** Returns what a client can tell of a pet. */
export const seenOf = ({ name, ageMonths, status }: SeenPet): SeenPet => ({ name, ageMonths, status })

/**
 * A request that concerns one pet. `saw` is the pet in the response, null for a 404, `changed` for a 412; missing if none came. An
 * update with `ifMatch` must only be made of that pet.
 */
export type PetCall =
  | { kind: 'create'; fields: SeenPet; saw?: SeenPet | null }
  | { kind: 'update'; fields: Partial<SeenPet>; ifMatch?: SeenPet | undefined; saw?: SeenPet | null | 'changed' }
  | { kind: 'delete'; isFound?: boolean }
  | { kind: 'read'; saw: SeenPet | null }

/** An operation on a pet, and the server that a client sent it to. */
export interface PetOperation extends Operation<PetCall> {
  server: number
}

type PetState = SeenPet | 'missing'

const keyOf = (state: PetState): string =>
  state === 'missing' ? state : `${state.name}, ${state.ageMonths} months, ${state.status}`

/** Returns what the specification says a request makes of a pet that nobody purges; null if it cannot have been answered so. */
const afterCall = (state: PetState, call: PetCall): PetState | null => {
  if (call.kind === 'create') return state === 'missing' ? call.fields : null
  if (state === 'missing' || call.kind === 'read') return state
  if (call.kind === 'delete') return { ...state, status: 'deleted' }
  // A job, too, changes the version of a pet: a 412 does not say that these fields have changed.
  if (call.saw === 'changed') return state
  return call.ifMatch && keyOf(call.ifMatch) !== keyOf(state) ? null : { ...state, ...call.fields }
}

const isAsSeen = (state: PetState, call: PetCall): boolean => {
  if (call.kind === 'delete') return call.isFound === undefined || call.isFound === (state !== 'missing')
  if (call.saw === 'changed') return state !== 'missing'
  return call.saw === undefined || keyOf(call.saw ?? 'missing') === keyOf(state)
}

/** One pet: a register of three fields that is missing until it is created. */
const petModel: Model<PetState, PetCall> = {
  initial: 'missing',
  apply: (state, call) => {
    const after = afterCall(state, call)
    return after !== null && isAsSeen(after, call) ? after : null
  },
  keyOf,
}

/**
 * Returns the operations without those that got no response and left no trace: whether they took effect does not matter. Names
 * and ages tell the requests that wrote them.
 */
const withoutUnseen = (operations: readonly PetOperation[]): PetOperation[] => {
  const seen = new Set<unknown>()
  for (const { call } of operations) {
    const responses = [
      'saw' in call && call.saw !== 'changed' ? call.saw : null,
      // A client got it in a response that may be of another server, whose reads do not count here.
      'ifMatch' in call ? call.ifMatch : null,
    ]
    for (const pet of responses) if (pet) seen.add(pet.name).add(pet.ageMonths)
  }
  return operations.filter(({ call, returnedAt }) => {
    if (returnedAt < Number.POSITIVE_INFINITY || call.kind !== 'update' || call.fields.status !== undefined) return true
    const { name, ageMonths } = call.fields
    return seen.has(name) || seen.has(ageMonths)
  })
}

/** Returns what is wrong with the history of a pet, for people to read; null if it is linearizable. */
export const petProblem = (operations: readonly PetOperation[]): string | null => {
  const violation = findViolation(withoutUnseen(operations), petModel)
  if (!violation) return null
  const text = ({ call, calledAt, returnedAt, server }: PetOperation) =>
    `${calledAt.toFixed(1)} to ${returnedAt.toFixed(1)} ms, server ${server}: ${JSON.stringify(call)}`
  const nearby = operations.filter(
    ({ calledAt, returnedAt }) =>
      calledAt <= violation.operation.returnedAt && returnedAt >= violation.operation.calledAt - 20,
  )
  return [
    `No order of the requests explains this response: ${text(violation.operation)}`,
    `The pet was one of: ${violation.states.join('; ')}`,
    ...nearby.toSorted((a, b) => a.calledAt - b.calledAt).map(text),
  ].join('\n  ')
}
