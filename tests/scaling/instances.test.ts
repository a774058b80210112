import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AuditLine } from '../../src/audit/audit'
import { type StoredPet, WELCOME_NOTES } from '../../src/pets/pet'
import { closeSharedRedis, sharedRedis } from '../../src/redis/shared-redis'
import { createRedisStore } from '../../src/store/redis/redis-store'
import { copyImpatientProject } from '../support/impatient-project'
import { namespaces } from '../support/namespaces'
import { startRedis, type TestRedis } from '../support/redis'
import type { TestServer } from '../support/server'
import { waitFor } from '../support/wait-for'
import { Balancer } from './balancer'
import { ask, spread, startFleet, startInstance } from './fleet'

const AMOUNT = 1_000

/** Long enough for a balancer that checks every 100 ms to notice that an instance is stopping. */
const WITH_GRACE = { PETS_STOP_GRACE: '2' }

const { root } = copyImpatientProject()
let redis: TestRedis
let fleet: TestServer[]

beforeAll(async () => {
  redis = await startRedis()
  fleet = await startFleet(4, redis.url, { root, env: WITH_GRACE })
})

afterAll(closeSharedRedis)

const instance = (index: number): string => fleet[index % fleet.length]?.url ?? ''
const pathOf = (index: number): string => `/${namespaces[index % 3]?.namespace}/pets`
const PET = { name: 'Rex', species: 'dog', ageMonths: 1 }
const storedPets = (): Promise<readonly StoredPet[]> => createRedisStore(sharedRedis(redis.url)).list()

/** Waits until every pet of these ids has its job done and owes nothing. Returns them all. */
const withJobsDone = (ids: Set<string>, timeout: number): Promise<readonly StoredPet[]> =>
  waitFor(
    async () => {
      const pets = (await storedPets()).filter(({ id }) => ids.has(id))
      const isDone = pets.length === ids.size && pets.every(({ notes, owed }) => notes === WELCOME_NOTES && !owed)
      return isDone && pets
    },
    { what: `the jobs of ${ids.size} pets`, timeout, interval: 100 },
  )

/** The audit trail's lines, by topic without its namespace, then by pet. */
const auditedPets = async (): Promise<Map<string, Map<string, number>>> => {
  const reply = Object(await redis.command('XRANGE', '{pets}:audit', '-', '+'))
  const counts = new Map<string, Map<string, number>>()
  for (const [, fields] of reply) {
    const [, , , topic = '', , , , data = '{}'] = Object(fields)
    const { petId }: AuditLine['data'] = JSON.parse(data)
    const byPet = counts.get(String(topic).slice(3)) ?? new Map<string, number>()
    counts.set(String(topic).slice(3), byPet.set(String(petId), (byPet.get(String(petId)) ?? 0) + 1))
  }
  return counts
}

/** Waits until the creation of each pet and the end of its job are in the audit trail, and checks that each is there once. */
const expectOneLineEach = async (ids: string[], timeout: number): Promise<void> => {
  const topics = ['pet.created', 'job.postcreate.completed']
  const audited = await waitFor(
    async () => {
      const counts = await auditedPets()
      return topics.every((topic) => ids.every((id) => counts.get(topic)?.has(id))) && counts
    },
    { what: 'two lines of each pet in the audit trail', interval: 100, timeout },
  )
  for (const topic of topics) expect(ids.filter((id) => audited.get(topic)?.get(id) !== 1)).toEqual([])
}

test(`When ${AMOUNT} creates and updates are spread over four instances, then none is lost, and each job is done once`, async () => {
  const created = await spread(AMOUNT, 24, (index) =>
    ask(instance(index), 'POST', pathOf(index), { name: `Pet ${index}`, species: 'cat', ageMonths: 1 }),
  )
  expect(created.filter(({ status }) => status !== 201)).toEqual([])
  const ids = created.map(({ body }) => body.id)
  expect(new Set(ids).size).toBe(AMOUNT)

  // Each is updated through another instance and another namespace than it was created through.
  const updated = await spread(AMOUNT, 24, (index) =>
    ask(instance(index + 1), 'PUT', `${pathOf(index + 1)}/${ids[index]}`, { ageMonths: 7, status: 'available' }),
  )
  expect(updated.filter(({ status }) => status !== 200)).toEqual([])

  const pets = await withJobsDone(new Set(ids), 20_000)
  for (const pet of pets) expect(pet).toMatchObject({ ageMonths: 7, status: 'available', species: 'cat' })
  expect(pets.map(({ name }) => name).sort()).toEqual(created.map((_, index) => `Pet ${index}`).sort())
  await expectOneLineEach(ids, 20_000)
}, 60_000)

test('When a list is read page by page from one instance after the other, then it contains every pet once', async () => {
  const seen: string[] = []
  for (let page = 0, cursor = ''; ; page++) {
    const response = await fetch(`${instance(page)}${pathOf(page)}?limit=300${cursor && `&cursor=${cursor}`}`)
    const pets: StoredPet[] = JSON.parse(await response.text())
    seen.push(...pets.map(({ id }) => id))
    cursor = response.headers.get('X-Next-Cursor') ?? ''
    if (cursor === '') break
  }
  expect(seen).toEqual((await storedPets()).map(({ id }) => id))
  expect(seen.length).toBeGreaterThanOrEqual(AMOUNT)
})

test('When an instance is killed under load, then nothing acknowledged is lost, and its jobs are done elsewhere', async () => {
  const victim = await startInstance(redis.url, { root })
  const targets = [victim.url, instance(0), instance(1)]
  const acknowledged = new Set<string>()
  let failures = 0
  await spread(600, 24, async (index) => {
    if (index === 300) void victim.kill()
    const answer = await ask(targets[index % 3] ?? '', 'POST', pathOf(index), PET)
    if (answer.status !== 201) failures += 1
    else if (acknowledged.has(answer.body.id)) throw new Error(`Id ${answer.body.id} came twice`)
    else acknowledged.add(answer.body.id)
  })
  expect(failures).toBeGreaterThan(0)
  expect(acknowledged.size).toBeGreaterThan(350)
  // A job that the victim was running is taken over once its lock has expired.
  await withJobsDone(acknowledged, 30_000)
  await expectOneLineEach([...acknowledged], 10_000)
}, 60_000)

test('When Redis is killed under load and restarted, then nothing acknowledged is lost, and everything recovers by itself', async () => {
  const acknowledged = new Set<string>()
  const ages = new Map<string, number>()
  let isOver = false
  let refusals = 0
  const client = async (number: number) => {
    const { body: pet } = await ask(instance(number), 'POST', pathOf(number), PET)
    ages.set(pet.id, 1)
    for (let age = 2; !isOver; age++) {
      const [created, updated] = await Promise.all([
        ask(instance(age), 'POST', pathOf(age), PET),
        ask(instance(number + age), 'PUT', `${pathOf(age)}/${pet.id}`, { ageMonths: age }),
      ])
      if (created.status === 201) acknowledged.add(created.body.id)
      if (updated.status === 200) ages.set(pet.id, age)
      for (const { status, error } of [created, updated]) {
        if (status === 503) refusals += 1
        else if (status > 299 || error) throw new Error(`A response of ${status} ${error}`)
      }
      // A refusal is quick: without a pause, the clients would only collect refusals.
      if (created.status === 503) await pause(50)
    }
    acknowledged.add(pet.id)
  }
  const clients = Promise.all(Array.from({ length: 8 }, (_, number) => client(number)))
  const count = (more: number) => {
    const enough = acknowledged.size + more
    return waitFor(() => acknowledged.size >= enough, { what: `${more} more creates` })
  }
  await count(100)
  await redis.kill()
  await waitFor(() => refusals >= 20, { what: 'refusals' })
  await redis.start()
  await Promise.all(
    fleet.map(({ url }) =>
      waitFor(async () => (await ask(url, 'GET', '/health')).body.status === 'ok', { what: 'health', timeout: 15_000 }),
    ),
  )
  await count(100)
  isOver = true
  await clients

  const pets = await withJobsDone(acknowledged, 50_000)
  for (const { id, ageMonths } of pets) expect(ageMonths).toBeGreaterThanOrEqual(ages.get(id) ?? 1)
  await expectOneLineEach([...acknowledged], 10_000)
}, 60_000)

test('When the instances are restarted one after the other behind a balancer, then no request is dropped', async () => {
  const balancer = new Balancer(fleet.slice(0, 3).map(({ url }) => url))
  await balancer.look()
  let isOver = false
  const bad: unknown[] = []
  let count = 0
  const client = async (number: number) => {
    for (let index = number; !isOver; index++) {
      const created = await balancer.send('POST', pathOf(index), PET)
      const read = await balancer.send('GET', `${pathOf(index)}/${created.body.id}`)
      if (created.status !== 201 || read.status !== 200) bad.push([created, read])
      count += 2
    }
  }
  const clients = Promise.all(Array.from({ length: 6 }, (_, number) => client(number)))
  for (const index of [0, 1, 2]) {
    const old = fleet[index]
    expect((await old?.stop())?.code).toBe(0)
    expect(old?.output()).toContain('Stopping in 2 s: until then /readyz returns 503\n')
    const next = await startInstance(redis.url, { root, port: old?.port, env: WITH_GRACE })
    fleet[index] = next
    await waitFor(() => balancer.isHealthy(next.url), { what: 'the balancer to see the new instance' })
  }
  isOver = true
  await clients
  balancer.stop()
  expect(bad).toEqual([])
  expect(count).toBeGreaterThan(100)
}, 60_000)
