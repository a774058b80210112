import { connect, createServer, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AuditStream } from '../../src/events/audit-stream'
import { Pets } from '../../src/pets/pets'
import { corkTurns } from '../../src/redis/cork-turns'
import { closeSharedRedis, type SharedRedis, sharedRedis } from '../../src/redis/shared-redis'
import { createRedisStore } from '../../src/store/redis/redis-store'
import type { PetStore } from '../../src/store/store'
import { buildPet, petOf } from '../store/build-pet'
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

/** A store with a connection of its own, as another process would have; `commands` notes what it sends. */
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

describePetStorePromises('the Redis store', emptyStore)

describe('several processes on one Redis', () => {
  test('ids are never handed out twice, and updates of one pet all count', async () => {
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

  test('a change is made on top of what another process wrote, not of what this one remembers', async () => {
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

  test('a change that refuses or does nothing is judged on what the pet is now', async () => {
    const [one, two] = [await emptyStore(), anotherStore()]
    await one.create(petOf({ name: 'Rex' }))
    await two.update('1', (pet) => ({ ...pet, name: 'Max' }))
    const change = await one.update('1', (pet) => {
      if (pet.name === 'Rex') throw new Error('It is still Rex')
      return pet
    })
    expect(change?.after.name).toBe('Max')
    await two.update('1', (pet) => ({ ...pet, status: 'deleted' }))
    expect(await one.remove('1', (pet) => pet.status === 'deleted')).toMatchObject({ name: 'Max' })
    expect(await two.update('1', (pet) => ({ ...pet, name: 'Tom' }))).toBeNull()
  })

  test('a list shows what another process changed', async () => {
    const [one, two] = [await emptyStore(), anotherStore()]
    await one.create(petOf())
    expect(await two.list()).toHaveLength(1)
    await one.create(petOf())
    await one.update('1', (pet) => ({ ...pet, name: 'Max' }))
    expect((await two.list()).map(({ name }) => name)).toEqual(['Max', 'Buddy'])
  })

  test('a list is read anew where Redis was emptied and has seen as many changes since', async () => {
    const [one, two] = [await emptyStore(), anotherStore()]
    await one.create(petOf({ name: 'Rex' }))
    expect(await two.list()).toMatchObject([{ name: 'Rex' }])
    await server.command('FLUSHALL')
    await one.create(petOf({ name: 'Max' }))
    expect(await two.list()).toMatchObject([{ name: 'Max' }])
  })

  test('the reapers of all of them at once purge each pet once, and announce it once', async () => {
    const first = await emptyStore()
    const now = Date.now()
    const due = petOf({ status: 'deleted', deletedAt: 1, purgeAt: now - 1 })
    await Promise.all(Array.from({ length: 300 }, (_, index) => first.create(index % 3 === 0 ? petOf() : due)))
    const announced: string[] = []
    const runs = [first, anotherStore(), anotherStore(), anotherStore()].flatMap((store) =>
      (['js', 'ts', 'py'] as const).map((namespace) =>
        new Pets(store).reap(namespace, async ({ id }) => {
          announced.push(id)
        }),
      ),
    )
    const counts = (await Promise.all(runs)).map((run) => run.counts)
    expect(announced).toHaveLength(200)
    expect(new Set(announced).size).toBe(200)
    expect(counts.reduce((sum, { purgedCount }) => sum + purgedCount, 0)).toBe(200)
    expect(counts.every(({ failedCount }) => failedCount === 0)).toBe(true)
    expect(await first.list()).toHaveLength(100)
  })
})

test('When scripts run first while other commands of the connection are on their way, then each gets its own reply', async () => {
  const store = await emptyStore()
  await Promise.all(Array.from({ length: 30 }, () => store.create(petOf())))
  const redis = new Redis(server.url)
  redis.on('connect', () => corkTurns(redis.stream))
  others.push(redis)
  const shared: SharedRedis = { run: (run) => run(redis) }
  await redis.ping()
  await server.command('SCRIPT', 'FLUSH')
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
  test('a create, a read, and a change of a pet that the process knows are one command each', async () => {
    await emptyStore()
    const commands: string[] = []
    const store = anotherStore(commands)
    const countOf = async (work: () => Promise<unknown>) => {
      const before = commands.length
      await work()
      return commands.length - before
    }
    // A Redis that does not know a script yet is sent it in a second command.
    for (const work of [
      () => store.create(petOf()),
      () => store.update('1', (pet) => pet),
      () => store.page(null, 1),
    ]) {
      await work()
    }
    expect(await countOf(() => store.create(petOf()))).toBe(1)
    expect(await countOf(() => store.get('1'))).toBe(1)
    expect(await countOf(() => store.update('1', (pet) => ({ ...pet, name: 'Max' })))).toBe(1)
    expect(await countOf(() => store.update('1', (pet) => pet))).toBe(1)
    expect(await countOf(() => store.page(null, 100))).toBe(1)
    expect(await countOf(() => store.list())).toBe(2)
    expect(await countOf(() => store.list())).toBe(1)
    expect(await countOf(() => store.remove('1', () => true))).toBe(1)
  })

  test('a list of thousands of pets is read by pages, in order', async () => {
    const store = await emptyStore()
    await Promise.all(Array.from({ length: 2_500 }, () => store.create(petOf())))
    const commands: string[] = []
    const reader = anotherStore(commands)
    await reader.get('1')
    commands.length = 0
    const ids = (await reader.list()).map(({ id }) => Number(id))
    expect(ids).toEqual(Array.from({ length: 2_500 }, (_, index) => index + 1))
    // The revision, and three pages.
    expect(commands.filter((name) => /^(get|eval|evalsha)$/.test(name))).toHaveLength(4)
  })
})

describe('what Redis holds', () => {
  test('is each pet as JSON under its id, with every key under one hash tag', async () => {
    const store = await emptyStore()
    const pet = await store.create(petOf({ owedJob: { namespace: 'js', enqueuedAt: 1 } }))
    expect(JSON.parse(String(await server.command('HGET', '{pets}:all', '1')))).toEqual(pet)
    const keys = Object(await server.command('KEYS', '*'))
    expect([...keys].sort()).toEqual(['{pets}:all', '{pets}:ids', '{pets}:revision', '{pets}:seq', '{pets}:unfinished'])
  })

  test('that is no valid pet is told by its id, and the other pets are found', async () => {
    const store = await emptyStore()
    await store.create(petOf())
    await store.create(petOf())
    await server.command('HSET', '{pets}:all', '1', '{"id":"1","name":7}')
    const broken = {
      code: 'STORE_INVALID',
      message: expect.stringMatching(/^Redis holds what is no valid pet: pets\.1\.name/),
    }
    await expect(store.get('1')).rejects.toMatchObject(broken)
    await expect(store.update('1', (pet) => pet)).rejects.toMatchObject(broken)
    expect(await store.get('2')).toEqual(buildPet({ id: '2' }))
  })

  test('When its sequence is lost, then ids go on behind the highest that is there', async () => {
    const store = await emptyStore()
    for (let count = 0; count < 3; count++) await store.create(petOf())
    await server.command('DEL', '{pets}:seq')
    expect((await store.create(petOf())).id).toBe('4')
  })

  test('When the ids are used up, then a create says so', async () => {
    const store = await emptyStore()
    await server.command('SET', '{pets}:seq', '999999999999998')
    expect((await store.create(petOf())).id).toBe('999999999999999')
    await expect(store.create(petOf())).rejects.toMatchObject({ code: 'STORE_FULL', message: 'There are no ids left' })
    expect((await store.get('999999999999999'))?.id).toBe('999999999999999')
  })
})

describe('a Redis that cannot', () => {
  test('When it has no memory left, then a create is refused as full, and reads and removals go on', async () => {
    const store = await emptyStore()
    await store.create(petOf())
    await server.command('CONFIG', 'SET', 'maxmemory', '1')
    try {
      const full = { code: 'STORE_FULL', message: 'Redis has no memory left to store the change' }
      await expect(store.create(petOf())).rejects.toMatchObject(full)
      await expect(store.update('1', (pet) => ({ ...pet, name: 'Max' }))).rejects.toMatchObject(full)
      expect(await store.get('1')).toEqual(buildPet({ id: '1' }))
      expect(await store.list()).toHaveLength(1)
      expect(await store.remove('1', () => true)).not.toBeNull()
    } finally {
      await server.command('CONFIG', 'SET', 'maxmemory', '0')
    }
    expect((await store.create(petOf())).id).toBe('2')
  })

  test('When pets are being copied into it, then a running server changes nothing', async () => {
    const store = await emptyStore()
    await store.create(petOf())
    await server.command('SET', '{pets}:copying', 'now')
    const copying = { code: 'STORE_UNAVAILABLE', message: 'The pets are being copied into Redis' }
    await expect(store.create(petOf())).rejects.toMatchObject(copying)
    await expect(store.update('1', (pet) => ({ ...pet, name: 'Max' }))).rejects.toMatchObject(copying)
    await expect(store.remove('1', () => true)).rejects.toMatchObject(copying)
    expect(await store.list()).toEqual([buildPet({ id: '1' })])
    await server.command('DEL', '{pets}:copying')
    expect((await store.create(petOf())).id).toBe('2')
  })

  test('When a connection goes dead without a word, then it is given up, and a new one works', async () => {
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
    await expect.poll(() => store.get('1').catch(() => null), { timeout: 30_000 }).toEqual(buildPet({ id: '1' }))
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
    expect(Date.now() - start).toBeLessThan(2_000)

    await redis.start()
    await expect.poll(() => store.get('1').catch(() => null), { timeout: 10_000 }).toEqual(buildPet({ id: '1' }))
    expect((await store.create(petOf())).id).toBe('2')
  })

  test('When it hangs, then a call is refused within seconds', async () => {
    const redis = await startRedis()
    const store = createRedisStore(sharedRedis(redis.url))
    await store.create(petOf())
    redis.hang()
    try {
      await expect(store.get('1')).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: 'Redis, where the pets are kept, does not answer',
      })
    } finally {
      redis.goOn()
    }
    await expect.poll(() => store.get('1').catch(() => null), { timeout: 10_000 }).not.toBeNull()
  })
})
