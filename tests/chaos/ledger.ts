import assert from 'node:assert/strict'

/** What a client knows of a pet: the fields that only it changes. */
export interface Known {
  name: string
  ageMonths: number
  status: string
}

/** A pet whose creation was acknowledged. More than one state is possible after a change that nobody answered. */
export interface LedgerPet {
  id: string
  possible: Known[]
}

type StoredPets = Record<string, Record<string, unknown>>

/** What the server has acknowledged, to be compared with what it has stored. */
export class Ledger {
  readonly pets = new Map<string, LedgerPet>()
  readonly counts = { creates: 0, updates: 0, deletes: 0, unanswered: 0 }

  /** How many changes were acknowledged so far. */
  get acknowledged(): number {
    const { creates, updates, deletes } = this.counts
    return creates + updates + deletes
  }

  created(id: string, state: Known): LedgerPet {
    assert(!this.pets.has(id), `id ${id} was given twice`)
    const pet = { id, possible: [state] }
    this.pets.set(id, pet)
    this.counts.creates += 1
    return pet
  }

  /** Takes a pet out of the comparison, for what comes to it from elsewhere. */
  retire(id: string): void {
    this.pets.delete(id)
  }

  /** Throws where an acknowledged change is missing; from then on what is stored is what is known. */
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
}
