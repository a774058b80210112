import { afterEach, describe, expect, test } from 'vitest'
import type { StoredPet } from '../../src/pets/pet'
import { createFileStore } from '../../src/store/file/file-store'
import type { PetStore } from '../../src/store/store'
import { makeTempDir } from '../support/temp-dir'
import { waitFor } from '../support/wait-for'
import { type Endpoint, startClients } from './clients'
import { petsEndpoint } from './pets-endpoint'

const SEED = 14

const opened: PetStore[] = []

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
})

const openFolder = (count: number): PetStore[] => {
  const dataDir = makeTempDir()
  const stores = Array.from({ length: count }, () => createFileStore({ dataDir }))
  opened.push(...stores)
  return stores
}

/** Runs concurrent clients on the stores until that many requests are recorded. */
const historyOf = async (stores: PetStore[], connectTo = petsEndpoint) => {
  const connect = () => stores.map(connectTo)
  const load = startClients({ connect, seed: SEED, clients: 8, pets: 5, pause: 2 })
  await waitFor(() => load.history.size > 800, { what: 'the requests', timeout: 20_000 })
  return load.stop()
}

/** A store that reads from a cache whose entries are up to a few ms old. */
const withStaleCache = (store: PetStore, maxAge: number): PetStore => {
  const cache = new Map<string, { pet: StoredPet | null; at: number }>()
  const get = async (id: string) => {
    const cached = cache.get(id)
    if (cached && Date.now() - cached.at < maxAge) return cached.pet
    const pet = await store.get(id)
    cache.set(id, { pet, at: Date.now() })
    return pet
  }
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'get') return get
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

/** A server that compares `If-Match` before the change, and not in the same step. */
const withEarlyMatch = (store: PetStore): Endpoint => {
  const endpoint = petsEndpoint(store)
  return {
    ...endpoint,
    update: async (id, fields, ifMatch) => {
      if (ifMatch !== undefined && (await endpoint.read(id))?.etag !== ifMatch) return 'changed'
      return endpoint.update(id, fields)
    },
  }
}

/** A server whose responses to every second create are lost. */
const withLostCreates = (store: PetStore, keyOf: (key: string, attempt: number) => string): Endpoint => {
  const endpoint = petsEndpoint(store)
  let attempts = 0
  return {
    ...endpoint,
    create: async (fields, key) => {
      attempts += 1
      const created = await endpoint.create(fields, keyOf(key, attempts))
      if (attempts % 2 === 1) throw new Error('The response is lost')
      return created
    },
  }
}

describe(`Histories of concurrent clients (seed ${SEED})`, () => {
  test('When one store is used, then each pet’s history is linearizable', async () => {
    const history = await historyOf(openFolder(1))
    expect(history.problem()).toBeNull()
    expect(history.matched).toBeGreaterThan(10)
  })

  test('When a store reads from a stale cache, then the check finds it', async () => {
    const [store] = openFolder(1)
    const history = await historyOf(store ? [withStaleCache(store, 5)] : [])
    expect(history.problem()).toMatch(/^Pet \d+: No order of the requests explains this response: .*"kind":"read"/)
  })

  test('When a pet may change between the check of If-Match and the update, then the check finds it', async () => {
    const history = await historyOf(openFolder(1), withEarlyMatch)
    expect(history.problem()).toMatch(/^Pet \d+: No order of the requests explains this response/)
  })

  test('When responses to creates are lost, then each pet is created once, unless keys are ignored, which is found', async () => {
    const good = await historyOf(openFolder(1), (store) => withLostCreates(store, (key) => key))
    expect(good.problem()).toBeNull()
    const bad = await historyOf(openFolder(1), (store) => withLostCreates(store, (key, attempt) => `${key}-${attempt}`))
    expect(bad.problem()).toMatch(/^Created twice/)
  })

  // Other servers may show a change before it is acknowledged, and its own server only afterwards.
  test('When three stores share a folder, then the changes and the reads of each are linearizable', async () => {
    const history = await historyOf(openFolder(3))
    for (const reader of [0, 1, 2]) expect(history.problem(reader)).toBeNull()
  })
})
