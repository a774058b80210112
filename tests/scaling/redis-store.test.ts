import { connect, createServer, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AuditStream } from '../../src/audit/audit-stream'
import type { StoredPet } from '../../src/pets/pet'
import { closeSharedRedis, type SharedRedis, sharedRedis } from '../../src/redis/shared-redis'
import { createRedisStore } from '../../src/store/redis/redis-store'
import type { PetStore } from '../../src/store/store'
import { buildPet, petOf } from '../store/build-pet'
import { describeClientPromises } from '../store/client-promises'
import { describePetStorePromises } from '../store/pet-store-promises'
import { freePort } from '../support/free-port'
import { startRedis, type TestRedis } from '../support/redis'

let server: TestRedis
const others: Redis[] = []

beforeAll(async () => {
  server = await startRedis(['--appendonly', 'no'])
})

afterAll(async () => {
  await closeSharedRedis()
  for (const redis of others) redis.disconnect()
})

const emptyStore = async (): Promise<PetStore> => {
  await server.command('FLUSHALL')
  return createRedisStore(sharedRedis(server.url))
}

/** A store with its own connection, as another process would have. `commands` records what it sends. */
const anotherStore = (commands: string[] = []): PetStore => {
  const redis = new Redis(server.url)
  others.push(redis)
  const { sendCommand } = redis
  redis.sendCommand = (command, stream) => {
    commands.push(command.name)
    return sendCommand.call(redis, command, stream)
  }
  const shared: SharedRedis = { run: (run) => run(redis) }
  return createRedisStore(shared)
}

const idsUpTo = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index + 1))

const owed = (petId: string) => [{ id: `event-${petId}`, topic: 'js.pet.created', data: { petId } }]

const settled = ({ owed: _, ...pet }: StoredPet): StoredPet => pet

describePetStorePromises('the Redis store', emptyStore)
describeClientPromises('one Redis', async () => [await emptyStore(), anotherStore()])

describe('several processes on one Redis', () => {
  test('When they create and update at once, then no id is given twice, and each update of one pet counts', async () => {
    const stores = [await emptyStore(), anotherStore(), anotherStore(), anotherStore()]
    const pets = await Promise.all(
      Array.from({ length: 400 }, (_, index) => stores[index % 4]?.create(petOf({ ageMonths: 0 }))),
    )
    expect(new Set(pets.map((pet) => pet?.id)).size).toBe(400)
    await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        stores[index % 4]?.update('7', (pet) => ({ ...pet, ageMonths: pet.ageMonths + 1 })),
      ),
    )
    for (const store of stores) expect((await store.get('7'))?.ageMonths).toBe(200)
  })

  test('When another process changed a pet, then a change applies to the new version, not to the one in this process', async () => {
    const [one, two] = [await emptyStore(), anotherStore()]
    await one.create(petOf({ name: 'Rex' }))
    await two.update('1', (pet) => ({ ...pet, name: 'Max' }))
    const seen: string[] = []
    const change = await one.update('1', (pet) => {
      seen.push(pet.name)
      return { ...pet, ageMonths: 99 }
    })
    expect(seen).toEqual(['Rex', 'Max'])
    expect(change?.after).toEqual(buildPet({ id: '1', name: 'Max', ageMonths: 99 }))
  })

  test('When a change throws or changes nothing, then it has seen the current version of the pet', async () => {
    const [one, two] = [await emptyStore(), anotherStore()]
    await one.create(petOf({ name: 'Rex' }))
    await two.update('1', (pet) => ({ ...pet, name: 'Max' }))
    const change = await one.update('1', (pet) => {
      if (pet.name === 'Rex') throw new Error('It is still Rex')
      return pet
    })
    expect(change?.after.name).toBe('Max')
    await two.update('1', (pet) => ({ ...pet, status: 'deleted' }))
    await one.updateMany(['1'], (pet) => (pet.status === 'deleted' ? null : pet))
    expect(await two.update('1', (pet) => ({ ...pet, name: 'Tom' }))).toBeNull()
  })

  test('When all of them purge the same pets at once, then each pet is purged by one', async () => {
    const stores = [await emptyStore(), anotherStore(), anotherStore(), anotherStore()]
    await Promise.all(idsUpTo(100).map(() => stores[0]?.create(petOf())))
    const purge = (pet: StoredPet): StoredPet => (pet.purged ? pet : { ...pet, purged: true })
    const changes = await Promise.all(stores.flatMap((store) => idsUpTo(100).map((id) => store.update(id, purge))))
    expect(changes.filter((change) => change && change.before !== change.after)).toHaveLength(100)
  })

  test('When another process changes pets, then a list shows it', async () => {
    const [one, two] = [await emptyStore(), anotherStore()]
    await one.create(petOf())
    expect(await two.list()).toHaveLength(1)
    await one.create(petOf())
    await one.update('1', (pet) => ({ ...pet, name: 'Max' }))
    expect((await two.list()).map(({ name }) => name)).toEqual(['Max', 'Buddy'])
  })

  test('When Redis was emptied and has seen as many changes since, then a list is read again', async () => {
    const [one, two] = [await emptyStore(), anotherStore()]
    await one.create(petOf({ name: 'Rex' }))
    expect(await two.list()).toMatchObject([{ name: 'Rex' }])
    await server.command('FLUSHALL')
    await one.create(petOf({ name: 'Max' }))
    expect(await two.list()).toMatchObject([{ name: 'Max' }])
  })
})

test('When stores of two names share a Redis, then neither sees pets, ids or events of the other', async () => {
  await server.command('FLUSHALL')
  const shared = sharedRedis(server.url)
  const [cats, dogs] = [createRedisStore(shared, 'cats'), createRedisStore(shared, 'dogs')]
  const [catTrail, dogTrail] = [new AuditStream(shared, 100, 'cats'), new AuditStream(shared, 100, 'dogs')]
  const entry = { topic: 'js.pet.created', traceId: 'TRACE-1', data: { petId: '1' } }
  for (const trail of [catTrail, dogTrail]) await trail.append(entry)
  for (const store of [cats, dogs]) expect((await store.create((id) => buildPet({ id, owed: owed(id) }))).id).toBe('1')
  await cats.update('1', (pet) => ({ ...settled(pet), name: 'Tom' }))
  expect(await dogs.list()).toEqual([buildPet({ id: '1', owed: owed('1') })])
  expect(await dogs.page(null, 10, 'owing')).toHaveLength(1)
  for (const trail of [catTrail, dogTrail]) expect((await trail.readAfter(undefined)).lines).toHaveLength(1)
  const keys: string[] = Object(await server.command('KEYS', '*'))
  expect(new Set(keys.map((key) => key.split(':')[0]))).toEqual(new Set(['{cats}', '{dogs}']))
})

test('When Redis becomes a read-only replica, then pets can be read, and the check of the store fails until it is a primary', async () => {
  const store = await emptyStore()
  const { id } = await store.create(petOf())
  await expect(store.check?.()).resolves.toBeUndefined()
  await server.command('REPLICAOF', '127.0.0.1', '1')
  try {
    await expect(store.check?.()).rejects.toThrow('Redis, where the pets are kept, is a read-only replica')
    expect(await store.get(id)).not.toBeNull()
  } finally {
    await server.command('REPLICAOF', 'NO', 'ONE')
  }
  await expect(store.check?.()).resolves.toBeUndefined()
})

test('When scripts run for the first time while other commands wait for replies, then each gets its own reply', async () => {
  const store = await emptyStore()
  await Promise.all(idsUpTo(30).map(() => store.create(petOf())))
  await server.command('SCRIPT', 'FLUSH')
  const shared = sharedRedis(server.url)
  const reader = createRedisStore(shared)
  const audit = new AuditStream(shared, 100)
  const [early, , page, late] = await Promise.all([
    Promise.all(['1', '2', '3'].map((id) => reader.get(id))),
    audit.append({ topic: 'js.pet.created', traceId: 'TRACE-1', data: { petId: '1' } }),
    reader.page('10', 2),
    Promise.all(['4', '5', '6'].map((id) => reader.get(id))),
  ])
  expect([...early, ...page, ...late].map((pet) => pet?.id)).toEqual(['1', '2', '3', '11', '12', '4', '5', '6'])
})

describe('round trips', () => {
  /** A store of its own connection, whose Redis knows its scripts, with 100 pets; and what counts the commands of some work. */
  const countingStore = async () => {
    await emptyStore()
    const commands: string[] = []
    const store = anotherStore(commands)
    await Promise.all(idsUpTo(100).map(() => store.create((id) => buildPet({ id, owed: owed(id) }))))
    await store.page(null, 1)
    const countOf = async (work: () => Promise<unknown>) => {
      const before = commands.length
      await work()
      return commands.length - before
    }
    return { store, countOf }
  }

  test('When one thing is read or changed, then one command is sent', async () => {
    const { store, countOf } = await countingStore()
    expect(await countOf(() => store.create(petOf()))).toBe(1)
    expect(await countOf(() => store.get('1'))).toBe(1)
    expect(await countOf(() => store.update('1', (pet) => ({ ...pet, name: 'Max' })))).toBe(1)
    expect(await countOf(() => store.update('1', (pet) => pet))).toBe(1)
    expect(await countOf(() => store.page(null, 100))).toBe(1)
    expect(await countOf(() => store.list())).toBe(2)
    expect(await countOf(() => store.list())).toBe(1)
    expect(await countOf(() => store.updateMany(['1'], () => null))).toBe(1)
  })

  test('When many pets are created or changed at once, then one command is sent', async () => {
    const { store, countOf } = await countingStore()
    const older = (pet: StoredPet) => ({ ...pet, ageMonths: pet.ageMonths + 1 })
    expect(await countOf(() => Promise.all(idsUpTo(50).map(() => store.create(petOf()))))).toBe(1)
    expect(await countOf(() => Promise.all(idsUpTo(50).map(() => store.update('1', older))))).toBe(1)
    expect((await store.get('1'))?.ageMonths).toBe(62)
    expect(await countOf(() => store.updateMany(idsUpTo(100), settled))).toBe(1)
    expect(await store.page(null, 10, 'owing')).toEqual([])
  })

  test('When this process has old versions of some pets, or none, then there is one more command', async () => {
    const { store, countOf } = await countingStore()
    const other = anotherStore()
    for (const id of ['7', '8']) await other.update(id, (pet) => ({ ...pet, name: 'Max' }))
    await Promise.all(idsUpTo(50).map(() => other.create((id) => buildPet({ id, owed: owed(id) }))))
    expect(await countOf(() => store.updateMany([...idsUpTo(150), '999'], settled))).toBe(2)
    expect(await store.page(null, 10, 'owing')).toEqual([])
    expect(await store.get('8')).toEqual(buildPet({ id: '8', name: 'Max' }))
  })

  test('When patient changes wait and an urgent one comes, then one command contains them all', async () => {
    const { store, countOf } = await countingStore()
    const count = await countOf(async () => {
      const patient = idsUpTo(100).map((id) => store.updateMany([id], settled, 20_000))
      await store.update('5', (pet) => ({ ...pet, name: 'Max' }))
      await Promise.all(patient)
    })
    expect(count).toBe(1)
    expect(await store.get('5')).toEqual(buildPet({ id: '5', name: 'Max' }))
    expect(await store.page(null, 10, 'owing')).toEqual([])
  })

  test('When patient changes wait alone, then they are written together in time, and at once if the store closes', async () => {
    const { store, countOf } = await countingStore()
    const settle = (ids: string[], patienceMs: number) =>
      Promise.all(ids.map((id) => store.updateMany([id], settled, patienceMs)))
    expect(await countOf(() => settle(idsUpTo(50), 20))).toBe(1)
    const rest = settle(idsUpTo(100).slice(50), 20_000)
    expect(await countOf(() => store.close())).toBe(1)
    await rest
    expect(await anotherStore().page(null, 10, 'owing')).toEqual([])
  })

  test('When the store closes during a turn, then changes of pets that it does not know yet are still written', async () => {
    const { store } = await countingStore()
    const { id } = await anotherStore().create((id) => buildPet({ id, owed: owed(id) }))
    const created = store.create(petOf())
    await nextTurn()
    let isSettled = false
    const settling = store.updateMany([id], settled, 20_000).then(() => {
      isSettled = true
    })
    await store.close()
    expect(isSettled).toBe(true)
    await Promise.all([created, settling])
  })

  test('When a pet is created, gets its job done, and owes no event any more, then there are at most three commands', async () => {
    const { store, countOf } = await countingStore()
    const count = await countOf(async () => {
      const { id } = await store.create((id) => buildPet({ id, owed: owed(id) }))
      const created = store.updateMany([id], settled, 50)
      const event = { id: 'event-done', topic: 'js.job.postcreate.completed', data: { petId: id } }
      await store.update(id, ({ owed = [], ...pet }) => ({ ...pet, notes: 'Hello', owed: [...owed, event] }), 2)
      await Promise.all([created, store.updateMany([id], settled, 50)])
    })
    expect(count).toBeLessThanOrEqual(3)
  })

  test('When a list has thousands of pets, then it is read by pages, in order', async () => {
    const store = await emptyStore()
    await Promise.all(Array.from({ length: 2_500 }, () => store.create(petOf())))
    const commands: string[] = []
    const reader = anotherStore(commands)
    await reader.page(null, 1)
    commands.length = 0
    expect((await reader.list()).map(({ id }) => id)).toEqual(idsUpTo(2_500))
    // The revision, and three pages.
    expect(commands).toEqual(['get', 'evalsha', 'evalsha', 'evalsha'])
  })
})

describe('what Redis contains', () => {
  test('When a pet is created, then its JSON is under its id, with that id in its events, and all keys have one hash tag', async () => {
    const store = await emptyStore()
    const pet = await store.create((id) => buildPet({ id, name: '900000000000001 %1', owed: owed(id) }))
    expect(pet).toEqual(buildPet({ id: '1', name: '900000000000001 %1', owed: owed('1') }))
    expect(JSON.parse(String(await server.command('HGET', '{pets}:all', '1')))).toEqual(pet)
    const keys: string[] = Object(await server.command('KEYS', '*'))
    expect(keys.sort()).toEqual(['{pets}:all', '{pets}:ids', '{pets}:owing', '{pets}:revision', '{pets}:seq'])
  })

  test('When a pet is invalid, then an error names it, and the other pets are found and changed', async () => {
    const store = await emptyStore()
    await store.create(petOf())
    await store.create(petOf())
    await server.command('HSET', '{pets}:all', '1', '{"id":"1","name":7}')
    const broken = {
      code: 'STORE_INVALID',
      message: expect.stringMatching(/^Invalid pet in Redis: pets\.1\.name: /),
    }
    await expect(store.get('1')).rejects.toMatchObject(broken)
    await expect(store.update('1', (pet) => pet)).rejects.toMatchObject(broken)
    await expect(store.updateMany(['1', '2'], (pet) => ({ ...pet, name: 'Max' }))).rejects.toMatchObject(broken)
    expect(await store.get('2')).toEqual(buildPet({ id: '2', name: 'Max' }))
    await server.command('HSET', '{pets}:all', '1', '{')
    await expect(store.get('1')).rejects.toMatchObject({ code: 'STORE_INVALID' })
  })

  test('When its sequence is lost, then ids continue after the highest existing one', async () => {
    const store = await emptyStore()
    for (let count = 0; count < 3; count++) await store.create(petOf())
    await server.command('DEL', '{pets}:seq')
    expect((await store.create(petOf())).id).toBe('4')
  })

  test('When the ids are used up, then a create says so', async () => {
    const store = await emptyStore()
    await server.command('SET', '{pets}:seq', '999999999999998')
    const full = { code: 'STORE_FULL', message: 'There are no ids left' }
    const [last, refused] = await Promise.allSettled([store.create(petOf()), store.create(petOf())])
    expect(last).toMatchObject({ status: 'fulfilled', value: { id: '999999999999999' } })
    expect(refused).toMatchObject({ status: 'rejected', reason: full })
    expect((await store.get('999999999999999'))?.id).toBe('999999999999999')
  })
})

describe('a Redis that cannot', () => {
  test('When it has no memory left, then creates and changes are refused as full, and reads and removals still work', async () => {
    const store = await emptyStore()
    await Promise.all([store.create(petOf()), store.create(petOf())])
    await server.command('CONFIG', 'SET', 'maxmemory', '1')
    try {
      const full = { code: 'STORE_FULL', message: 'Redis has no memory left to store the change' }
      const [created, updated, removed] = await Promise.allSettled([
        store.create(petOf()),
        store.update('1', (pet) => ({ ...pet, name: 'Max' })),
        store.updateMany(['2'], () => null),
      ])
      for (const outcome of [created, updated]) expect(outcome).toMatchObject({ status: 'rejected', reason: full })
      expect(removed?.status).toBe('fulfilled')
      expect(await store.list()).toEqual([buildPet({ id: '1' })])
    } finally {
      await server.command('CONFIG', 'SET', 'maxmemory', '0')
    }
    expect((await store.create(petOf())).id).toBe('3')
  })

  test('When it refuses a command, then the error, which is logged, does not contain the pets of the command', async () => {
    const store = await emptyStore()
    await server.command('SET', '{pets}:all', 'of the wrong type')
    const error = await store.create(petOf({ name: 'Rex' })).catch((refusal: unknown) => refusal)
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', cause: { name: 'ReplyError' } })
    expect(inspect(error, { depth: null })).not.toContain('Rex')
  })

  test('When pets are being copied into it, then a running server changes nothing, and none starts', async () => {
    const store = await emptyStore()
    await store.start?.()
    await store.create(petOf())
    await server.command('SET', '{pets}:copying', 'now')
    const copying = { code: 'STORE_UNAVAILABLE', message: 'The pets are being copied into Redis' }
    await expect(store.create(petOf())).rejects.toMatchObject(copying)
    await expect(store.update('1', (pet) => ({ ...pet, name: 'Max' }))).rejects.toMatchObject(copying)
    await expect(store.updateMany(['1'], () => null)).rejects.toMatchObject(copying)
    await expect(store.start?.()).rejects.toThrow(
      /^Redis contains an unfinished copy of the pets: run `npm run pets:copy`/,
    )
    expect(await store.list()).toEqual([buildPet({ id: '1' })])
    await server.command('DEL', '{pets}:copying')
    expect((await store.create(petOf())).id).toBe('2')
  })

  test('When a connection dies silently, then it is dropped, and a new one works', async () => {
    const redis = await startRedis()
    const [port, dead] = [await freePort(), new Set<Socket>()]
    const proxy = createServer((near) => {
      const far = connect(redis.port, '127.0.0.1')
      for (const socket of [near, far]) socket.on('error', () => {})
      near.on('data', (chunk) => dead.has(near) || far.write(chunk))
      far.on('data', (chunk) => dead.has(near) || near.write(chunk))
      proxied.add(near)
    }).listen(port, '127.0.0.1')
    const proxied = new Set<Socket>()
    const store = createRedisStore(sharedRedis(`redis://127.0.0.1:${port}`))
    await store.create(petOf())
    for (const socket of proxied) dead.add(socket)
    await expect(store.get('1')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await expect.poll(() => store.get('1').catch(() => null), { timeout: 20_000 }).toEqual(buildPet({ id: '1' }))
    proxy.close()
  })

  test('When it is down, then every call is refused at once, and works again once it is back', async () => {
    const redis = await startRedis()
    const store = createRedisStore(sharedRedis(redis.url))
    await store.create(petOf())
    await redis.stop()
    const unavailable = {
      code: 'STORE_UNAVAILABLE',
      message: 'Redis, where the pets are kept, cannot be reached',
    }
    const start = Date.now()
    await expect(store.get('1')).rejects.toMatchObject(unavailable)
    await expect(store.create(petOf())).rejects.toMatchObject(unavailable)
    await expect(store.list()).rejects.toMatchObject(unavailable)
    await expect(store.update('1', (pet) => ({ ...pet, name: 'Max' }))).rejects.toMatchObject(unavailable)
    await expect(store.updateMany(['1'], settled, 10)).rejects.toMatchObject(unavailable)
    expect(Date.now() - start).toBeLessThan(2_000)

    await redis.start()
    await expect.poll(() => store.get('1').catch(() => null), { timeout: 10_000 }).toEqual(buildPet({ id: '1' }))
    expect((await store.create(petOf())).id).toBe('2')
  })

  test('When it is killed during creates, then each pet that was acknowledged is there with its events, and the ids continue', async () => {
    const redis = await startRedis()
    const store = createRedisStore(sharedRedis(redis.url))
    const acknowledged: StoredPet[] = []
    const createUntilItFails = async (): Promise<void> => {
      for (;;) {
        const pet = await store.create((id) => buildPet({ id, owed: owed(id) })).catch(() => null)
        if (!pet) return
        acknowledged.push(pet)
      }
    }
    const clients = Array.from({ length: 10 }, createUntilItFails)
    await expect.poll(() => acknowledged.length, { timeout: 10_000 }).toBeGreaterThan(500)
    await redis.kill()
    await Promise.all(clients)
    await redis.start()
    await expect.poll(() => store.get('1').catch(() => null), { timeout: 10_000 }).not.toBeNull()
    const stored = await store.list()
    const byId = new Map(stored.map((pet) => [pet.id, pet]))
    expect(acknowledged.map(({ id }) => byId.get(id))).toEqual(acknowledged)
    expect(await store.page(null, 100_000, 'owing')).toHaveLength(stored.length)
    expect(byId.has((await store.create(petOf())).id)).toBe(false)
  })

  test('When it hangs, then reads and changes are refused within seconds, also those that wait for a turn', async () => {
    const redis = await startRedis()
    const store = createRedisStore(sharedRedis(redis.url))
    await store.create(petOf())
    redis.hang()
    try {
      const first = [store.get('1'), store.create(petOf())]
      // The turn of the create has begun, so the update waits for the next.
      for (let count = 0; count < 3; count++) await nextTurn()
      const outcomes = await Promise.allSettled([...first, store.update('1', (pet) => ({ ...pet, name: 'Max' }))])
      const unavailable = { status: 'rejected', reason: { code: 'STORE_UNAVAILABLE' } }
      for (const outcome of outcomes) expect(outcome).toMatchObject(unavailable)
      expect(outcomes[0]).toMatchObject({ reason: { message: 'Redis, where the pets are kept, does not respond' } })
    } finally {
      redis.goOn()
    }
    await expect.poll(() => store.get('1').catch(() => null), { timeout: 10_000 }).not.toBeNull()
  })
})
