import assert from 'node:assert/strict'
import type { AuditLine } from '../support/server'

/** What a client knows of a pet: the fields that only it changes. */
export interface Known {
  name: string
  ageMonths: number
  status: string
}

/** The events of a pet that the audit trail has, without their namespace. */
const TOPICS = ['pet.created', 'job.postcreate.completed', 'pet.soft.deleted', 'pet.purged'] as const

type Topic = (typeof TOPICS)[number]

/** How often an event must be in the audit trail. The two differ after a change that got no response. */
interface Times {
  least: number
  most: number
}

/** A pet whose creation was acknowledged. More than one state is possible after a change that got no response. */
export interface LedgerPet {
  id: string
  possible: Known[]
  events: Record<Topic, Times>
}

/** An event of a pet that the audit trail has too few or too many times. */
export interface EventProblem {
  id: string
  text: string
}

type StoredPets = Record<string, Record<string, unknown>>

const once = (): Times => ({ least: 1, most: 1 })
const never = (): Times => ({ least: 0, most: 0 })

/** What the server has acknowledged, for a comparison with what it has stored. */
export class Ledger {
  readonly pets = new Map<string, LedgerPet>()
  readonly counts = { creates: 0, updates: 0, deletes: 0, restores: 0, purges: 0, unanswered: 0 }
  /** Pets that are no longer compared, but whose events still count. */
  readonly #retired = new Map<string, LedgerPet>()

  /** How many changes have been acknowledged so far. */
  get acknowledged(): number {
    const { creates, updates, deletes, restores } = this.counts
    return creates + updates + deletes + restores
  }

  /** Records a pet whose creation was acknowledged. */
  created(id: string, state: Known): LedgerPet {
    assert(!this.pets.has(id) && !this.#retired.has(id), `id ${id} was given twice`)
    const events = {
      ...{ 'pet.created': once(), 'job.postcreate.completed': once() },
      ...{ 'pet.soft.deleted': never(), 'pet.purged': never() },
    }
    const pet = { id, possible: [state], events }
    this.pets.set(id, pet)
    this.counts.creates += 1
    return pet
  }

  /** Records a change, which was acknowledged or may have been made. */
  changed(pet: LedgerPet, before: Known, after: Known, isAcknowledged: boolean): void {
    const isDelete = before.status !== 'deleted' && after.status === 'deleted'
    const isRestore = before.status === 'deleted' && after.status !== 'deleted'
    // A restore appears in the audit trail as the job that it queues.
    for (const topic of isDelete
      ? ['pet.soft.deleted' as const]
      : isRestore
        ? ['job.postcreate.completed' as const]
        : []) {
      pet.events[topic].most += 1
      if (isAcknowledged) pet.events[topic].least += 1
    }
    pet.possible = isAcknowledged ? [after] : [before, after]
    this.counts[!isAcknowledged ? 'unanswered' : isDelete ? 'deletes' : isRestore ? 'restores' : 'updates'] += 1
  }

  /** Records that a pet will be purged. It is no longer compared. */
  purged(id: string): void {
    const pet = this.pets.get(id)
    if (pet) pet.events['pet.purged'] = once()
    this.counts.purges += 1
    this.retire(id)
  }

  /** Takes a pet out of the comparison. */
  retire(id: string): void {
    const pet = this.pets.get(id)
    if (pet) this.#retired.set(id, pet)
    this.pets.delete(id)
  }

  /** Throws if an acknowledged change is missing. Otherwise, takes the stored state as the known state from then on. */
  compare(stored: StoredPets): void {
    for (const pet of this.pets.values()) {
      const actual = stored[pet.id]
      assert(actual, `pet ${pet.id} was acknowledged and is gone`)
      const match = pet.possible.find(
        (known) => known.name === actual.name && known.ageMonths === actual.ageMonths && known.status === actual.status,
      )
      const { name, ageMonths, status } = actual
      assert(
        match,
        `pet ${pet.id} is ${JSON.stringify({ name, ageMonths, status })}, acknowledged was ${JSON.stringify(pet.possible)}`,
      )
      pet.possible = [match]
    }
  }

  /** Returns the events that the audit trail has too few or too many times. */
  eventProblems(audit: readonly AuditLine[]): { missing: EventProblem[]; surplus: EventProblem[] } {
    const counts = new Map<string, number>()
    for (const { topic, data } of audit) {
      const key = `${topic.slice(topic.indexOf('.') + 1)} of pet ${data.petId}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    const missing: EventProblem[] = []
    const surplus: EventProblem[] = []
    for (const { id, events } of [...this.pets.values(), ...this.#retired.values()]) {
      for (const topic of TOPICS) {
        const key = `${topic} of pet ${id}`
        const count = counts.get(key) ?? 0
        const { least, most } = events[topic]
        if (count < least) missing.push({ id, text: `${key}: ${count} of ${least}` })
        if (count > most) surplus.push({ id, text: `${key}: ${count} instead of ${most}` })
      }
    }
    return { missing, surplus }
  }
}
