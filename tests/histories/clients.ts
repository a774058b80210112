import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '../chaos/random'
import { waitFor } from '../support/wait-for'
import { type PetOperation, petProblem, type SeenPet } from './pet-history'

/** A pet in a response, and its `ETag`. */
export interface SeenVersion {
  saw: SeenPet
  etag: string
}

/** A server as a client sees it. A method that rejects got no response; if with `NotDone`, nothing has happened. */
export interface Endpoint {
  /** `key` is its `Idempotency-Key`. */
  create(fields: Pick<SeenPet, 'name' | 'ageMonths'>, key: string): Promise<{ id: string; saw: SeenPet }>
  /** Returns null if the pet does not exist, and `changed` if its version does not match. */
  update(id: string, fields: Partial<SeenPet>, ifMatch?: string): Promise<SeenVersion | null | 'changed'>
  /** Returns whether the pet existed. */
  remove(id: string): Promise<boolean>
  read(id: string): Promise<SeenVersion | null>
  list(): Promise<ReadonlyMap<string, SeenPet>>
  close?(): void
}

/** Why a request without a response has certainly changed nothing. */
export class NotDone extends Error {}

interface List {
  calledAt: number
  returnedAt: number
  server: number
  saw: ReadonlyMap<string, SeenPet>
}

/** The requests of concurrent clients, and their responses. */
export class History {
  readonly #pets = new Map<string, PetOperation[]>()
  readonly #lists: List[] = []
  /** How many creates are under way, or have ended without a response. */
  unansweredCreates = 0

  get ids(): string[] {
    return [...this.#pets.keys()]
  }

  /** How many requests are recorded. */
  get size(): number {
    return [...this.#pets.values()].reduce((sum, { length }) => sum + length, this.#lists.length)
  }

  /** How many changes got no response. */
  get unanswered(): number {
    return [...this.#pets.values()].flat().filter(({ returnedAt }) => returnedAt === Number.POSITIVE_INFINITY).length
  }

  /** How many updates with `If-Match` were made. */
  get matched(): number {
    return [...this.#pets.values()].flat().filter(({ call }) => 'ifMatch' in call && call.ifMatch && isPet(call.saw))
      .length
  }

  add(id: string, operation: PetOperation): void {
    const operations = this.#pets.get(id)
    if (operations) operations.push(operation)
    else this.#pets.set(id, [operation])
  }

  addList(list: List): void {
    this.#lists.push(list)
  }

  /** Returns the operations on a pet; a list is a read of each pet. */
  of(id: string): PetOperation[] {
    const own = this.#pets.get(id) ?? []
    const createdAt = own.find(({ call }) => call.kind === 'create')?.calledAt ?? 0
    const lists = this.#lists.filter(({ returnedAt }) => returnedAt > createdAt)
    return [...own, ...lists.map(({ saw, ...rest }) => readOf(saw.get(id) ?? null, rest))]
  }

  /**
   * Returns what is wrong with the first pet whose history is not linearizable, or null. `reader`: only the reads of that server
   * count, with the changes of all. A pet that nobody was told of is one that a repeated create has made again.
   */
  problem(reader?: number): string | null {
    const unknown = new Set(this.#lists.flatMap(({ saw }) => [...saw.keys()]).filter((id) => !this.#pets.has(id)))
    if (unknown.size > this.unansweredCreates) return `Created twice: one of the pets ${[...unknown].join(', ')}`
    for (const id of this.ids) {
      const operations = this.of(id).filter(
        ({ call, server }) => reader === undefined || call.kind !== 'read' || server === reader,
      )
      const problem = petProblem(operations)
      if (problem) return `Pet ${id}: ${problem}`
    }
    return null
  }
}

const isPet = (saw: SeenPet | null | 'changed' | undefined): saw is SeenPet => typeof saw === 'object' && saw !== null

const readOf = (saw: SeenPet | null, about: Omit<PetOperation, 'call'>): PetOperation => ({
  ...about,
  call: { kind: 'read', saw },
})

/** Options of the clients. */
export interface ClientOptions {
  /** Returns the servers as a new client sees them. */
  connect: () => Endpoint[]
  seed: number
  clients: number
  /** How many pets are in use at a time: half of all requests concern the one created last, the others one of the last. */
  pets: number
  /** The longest pause between two requests of a client, in ms. */
  pause: number
}

const STATUSES = ['available', 'pending', 'adopted'] as const

/** Starts clients that change and read the same pets through all servers. */
export const startClients = ({ connect, seed, clients, pets, pause }: ClientOptions) => {
  const history = new History()
  let isRunning = true
  let count = 0

  /** Calls a server and records the operation; resolves to null if no response came. */
  const ask = async <T>(
    server: number,
    send: () => Promise<T>,
    record: (about: Omit<PetOperation, 'call'>, value: T | null) => void,
  ): Promise<void> => {
    const calledAt = performance.now()
    try {
      const value = await send()
      record({ calledAt, returnedAt: performance.now(), server }, value)
    } catch (error) {
      if (!(error instanceof NotDone)) record({ calledAt, returnedAt: Number.POSITIVE_INFINITY, server }, null)
      await sleep(pause)
    }
  }

  const runClient = async (index: number): Promise<void> => {
    const random = new Random(seed * 1_000 + index)
    const endpoints = connect()
    const read = async (server: number, endpoint: Endpoint, id: string): Promise<SeenVersion | null> => {
      let version: SeenVersion | null = null
      await ask(
        server,
        () => endpoint.read(id).then((found) => ({ found })),
        (about, response) => {
          if (!response) return
          version = response.found
          history.add(id, readOf(version?.saw ?? null, about))
        },
      )
      return version
    }
    /** Creates a pet; sends that again, to any server, until there is a response. */
    const create = async (fields: Pick<SeenPet, 'name' | 'ageMonths'>): Promise<void> => {
      const calledAt = performance.now()
      history.unansweredCreates += 1
      while (isRunning) {
        const server = random.int(0, endpoints.length - 1)
        try {
          const created = await endpoints[server]?.create(fields, fields.name)
          if (!created) return
          const { id, saw } = created
          const call = { kind: 'create' as const, fields: { ...fields, status: 'new' }, saw }
          history.add(id, { calledAt, returnedAt: performance.now(), server, call })
          history.unansweredCreates -= 1
          return
        } catch {
          // An endpoint without a response sends no change before a successful read.
          await endpoints[server]?.read('0').catch(() => null)
          await sleep(pause)
        }
      }
    }
    const turn = async (): Promise<void> => {
      const server = random.int(0, endpoints.length - 1)
      const endpoint = endpoints[server]
      if (!endpoint) return
      const { ids } = history
      const hot = ids.at(-1)
      // Names and ages are used once, so that they tell the request that wrote them.
      const name = `${index}-${++count}`
      const ageMonths = count
      if (!hot || random.chance(ids.length < pets ? 0.1 : 0.005)) {
        await create({ name, ageMonths })
        return
      }
      const id = random.chance(0.5) ? hot : random.pick([hot, ...ids.slice(-pets)])
      const kind = random.next()
      if (kind < 0.45) {
        await read(server, endpoint, id)
      } else if (kind < 0.5) {
        await ask(
          server,
          () => endpoint.list(),
          (about, saw) => saw && history.addList({ ...about, saw }),
        )
      } else if (kind < 0.6) {
        await ask(
          server,
          () => endpoint.remove(id),
          (about, isFound) => history.add(id, { ...about, call: { kind: 'delete', isFound: isFound ?? undefined } }),
        )
      } else {
        const fields = random.pick<Partial<SeenPet>>([
          { name, ageMonths },
          { name },
          { ageMonths },
          { status: random.pick(STATUSES) },
        ])
        const known = random.chance(0.3) ? await read(server, endpoint, id) : null
        await ask(
          server,
          () => endpoint.update(id, fields, known?.etag).then((version) => ({ version })),
          (about, updated) => {
            const version = updated?.version
            const saw = version === 'changed' || !version ? version : version.saw
            history.add(id, { ...about, call: { kind: 'update', fields, ifMatch: known?.saw, saw } })
          },
        )
      }
    }
    while (isRunning) {
      await turn()
      await sleep(random.int(0, pause))
    }
    for (const endpoint of endpoints) endpoint.close?.()
  }

  const running = Promise.all(Array.from({ length: clients }, (_, index) => runClient(index)))
  running.catch(() => {})
  return {
    history,
    /** Ends the clients, reads every pet once more through each server, and returns what is recorded. */
    stop: async (): Promise<History> => {
      isRunning = false
      await running
      for (const [server, endpoint] of connect().entries()) {
        // A client gives up after a while. On a busy machine, that may be too soon.
        const list = await waitFor(
          async () => {
            const calledAt = performance.now()
            const saw = await endpoint.list()
            return { calledAt, returnedAt: performance.now(), server, saw }
          },
          { what: `the pets of server ${server}`, timeout: 30_000 },
        )
        history.addList(list)
        endpoint.close?.()
      }
      return history
    },
  }
}
