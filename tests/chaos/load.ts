import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { NAMESPACES } from '../../src/pets/pet'
import { type Answer, Client, codeOf } from './client'
import type { Known, Ledger, LedgerPet } from './ledger'
import { Random } from './random'

/** How to load a server. */
export interface LoadOptions {
  url: string
  ledger: Ledger
  seed: number
  /** Default: ten. */
  clients?: number
  /** Every n-th client opens a new connection for each request. 0, the default, means none. */
  freshEvery?: number
  /** How long each client pauses between two requests, in ms; default 0. */
  pause?: number
  /** Called with every response. */
  onAnswer?: (answer: Answer, method: string) => void
}

/** A running load. */
export interface Load {
  /**
   * Waits for the responses to the requests that were sent, then ends. Returns how often requests failed, by the code of the
   * error, with ` fresh` added if the request had a new connection.
   */
  stop(): Promise<Map<string, number>>
}

const created = z.object({ id: z.string() })
const STATUSES = ['new', 'available', 'pending', 'adopted'] as const
const SPECIES = ['dog', 'cat', 'bird', 'other'] as const

/** Clients that create, change, delete and restore pets of their own in all namespaces, as fast as they get responses. */
export const startLoad = (options: LoadOptions): Load => {
  const { url, ledger, seed, clients = 10, freshEvery = 0, pause = 0, onAnswer } = options
  const failures = new Map<string, number>()
  let isRunning = true
  const runClient = async (index: number): Promise<void> => {
    const random = new Random(seed * 1_000 + index)
    const isFresh = freshEvery > 0 && index % freshEvery === 0
    const client = new Client(url, { keepAlive: !isFresh })
    const own: LedgerPet[] = []
    const send = async (method: string, path: string, body?: unknown): Promise<Answer | null> => {
      try {
        const answer = await client.send(method, path, body)
        onAnswer?.(answer, method)
        return answer
      } catch (error) {
        const what = `${codeOf(error)}${isFresh ? ' fresh' : ''}`
        failures.set(what, (failures.get(what) ?? 0) + 1)
        // The server is gone: a busy loop would only slow its return.
        await sleep(20)
        return null
      }
    }
    const change = async (
      pet: LedgerPet,
      before: Known,
      after: Known,
      method: string,
      body?: object,
    ): Promise<void> => {
      const answer = await send(method, `/${random.pick(NAMESPACES)}/pets/${pet.id}`, body)
      const isDone = answer !== null && answer.status < 300
      // A store that went away may have made the change before. A full one has not.
      if (isDone || !answer || answer.status === 503) ledger.changed(pet, before, after, isDone)
    }
    const turn = async (): Promise<void> => {
      const pet = own[random.int(0, own.length)]
      const [known] = pet?.possible ?? []
      if (!pet || !known || !ledger.pets.has(pet.id)) {
        const state = { name: `Pet ${index}-${random.int(0, 1e9)}`, ageMonths: random.int(0, 300), status: 'new' }
        const { name, ageMonths } = state
        const body = { name, ageMonths, species: random.pick(SPECIES) }
        const answer = await send('POST', `/${random.pick(NAMESPACES)}/pets`, body)
        if (answer?.status === 201) own.push(ledger.created(created.parse(answer.body).id, state))
        else if (!answer) ledger.counts.unanswered += 1
      } else if (pet.possible.length > 1) {
        // A change without a response may have been made. Leave this pet to the comparison.
        own.splice(own.indexOf(pet), 1)
      } else if (random.chance(0.2)) {
        await change(pet, known, { ...known, status: 'deleted' }, 'DELETE')
      } else if (known.status === 'deleted' || random.chance(0.3)) {
        const status = random.pick(STATUSES)
        await change(pet, known, { ...known, status }, 'PUT', { status })
      } else {
        const next = { ...known, name: `Pet ${index}-${random.int(0, 1e9)}`, ageMonths: random.int(0, 300) }
        await change(pet, known, next, 'PUT', { name: next.name, ageMonths: next.ageMonths })
      }
    }
    while (isRunning) {
      await turn()
      if (pause > 0) await sleep(pause)
    }
    client.close()
  }
  const running = Promise.all(Array.from({ length: clients }, (_, index) => runClient(index)))
  running.catch(() => {})
  return {
    stop: async () => {
      isRunning = false
      await running
      return failures
    },
  }
}
