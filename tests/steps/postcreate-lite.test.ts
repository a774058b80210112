import { afterEach, describe, expect, test, vi } from 'vitest'
import { DAY_MS, WELCOME_NOTES } from '../../src/pets/pet'
import { buildPet } from '../store/build-pet'
import { callEvent } from './call-step'
import { fakeContext } from './fake-context'
import { fileText, givenFile, givenPets, storedPet } from './pet-file'

const CREATED = Date.UTC(2022, 0, 1)
const DONE = CREATED + 1_500
const RESTORED = Date.UTC(2022, 0, 20, 8)

const steps = [
  ['js', await import('../../steps/javascript/postcreate-lite.job.step')],
  ['ts', await import('../../steps/typescript/postcreate-lite.job.step')],
  ['py', await import('../../steps/python/postcreate-lite.job.step')],
] as const

const job = { petId: '1', enqueuedAt: CREATED }

afterEach(() => {
  vi.useRealTimers()
})

describe.each(steps)('%s: PostCreateLite', (ns, step) => {
  const rex = buildPet({ id: '1', name: 'Rex', createdAt: CREATED, updatedAt: CREATED })
  const owed = { ...rex, owedJob: { namespace: ns, enqueuedAt: CREATED } }
  const done = { ...rex, updatedAt: DONE, notes: WELCOME_NOTES, nextFeedingAt: CREATED + DAY_MS }

  test('When a pet was created, then it gets its notes and a feeding exactly 24 h later, and is owed nothing more', async () => {
    givenPets(owed)
    vi.useFakeTimers({ toFake: ['Date'], now: DONE })

    await callEvent(step, job, fakeContext())

    expect(storedPet('1')).toEqual(done)
  })

  test('When the job is done, then one event tells it, with the time of the handler itself', async () => {
    givenPets(owed)
    vi.useFakeTimers({ toFake: ['Date'], now: DONE })
    const context = fakeContext()
    const data = { ...job, completedAt: DONE, processingTimeMs: 0 }

    await callEvent(step, job, context)

    expect(context.emitted).toEqual([{ topic: `${ns}.job.postcreate.completed`, data }])
  })

  test("When the job runs, then the log holds the spec's four lines in their order", async () => {
    givenPets(owed)
    vi.useFakeTimers({ toFake: ['Date'], now: DONE })
    const context = fakeContext()

    await callEvent(step, job, context)

    const reminder = { petId: '1', notes: WELCOME_NOTES, nextFeedingAt: '2022-01-02T00:00:00.000Z' }
    expect(context.logged).toEqual([
      ['info', '🔄 PostCreateLite job started', job],
      ['info', '🔄 Setting next feeding reminder', job],
      ['info', '✅ Next feeding reminder set', reminder],
      ['info', '✅ PostCreateLite job completed', { petId: '1', processingTimeMs: 0 }],
    ])
    expect(Object.keys(context.logged[2]?.[2] ?? {})).toEqual(Object.keys(reminder))
  })

  test('When the handler takes its time, then that is what it reports, not the time in the queue', async () => {
    givenPets(owed)
    vi.useFakeTimers({ toFake: ['Date'], now: DONE })
    const context = fakeContext()
    const info = context.logger.info.bind(context.logger)
    context.logger.info = (message, details) => {
      if (message === '✅ Next feeding reminder set') vi.setSystemTime(DONE + 50)
      info(message, details)
    }

    await callEvent(step, job, context)

    expect(context.emitted[0]?.data).toEqual({ ...job, completedAt: DONE + 50, processingTimeMs: 50 })
    expect(context.logged.at(-1)?.[2]).toEqual({ petId: '1', processingTimeMs: 50 })
  })

  test('When the event goes out, then notes and feeding are on disk already', async () => {
    givenPets(owed)
    const onDisk: unknown[] = []
    const context = fakeContext({ onEmit: () => onDisk.push(storedPet('1')?.notes) })
    await callEvent(step, job, context)
    expect(onDisk).toEqual([WELCOME_NOTES])
  })

  test('When the message comes twice, then the second changes nothing', async () => {
    givenPets(owed)
    vi.useFakeTimers({ toFake: ['Date'], now: DONE })
    await callEvent(step, job, fakeContext())
    const after = fileText()

    vi.setSystemTime(DONE + DAY_MS)
    await callEvent(step, job, fakeContext())

    expect(fileText()).toBe(after)
  })

  test('When the queue takes the event at the second attempt only, then the job fails, and its retry tells the same pet', async () => {
    givenPets(owed)
    vi.useFakeTimers({ toFake: ['Date'], now: DONE })
    const away = new Error('Redis is away')
    const refuse = () => {
      throw away
    }
    await expect(callEvent(step, job, fakeContext({ onEmit: refuse }))).rejects.toBe(away)

    const context = fakeContext()
    await callEvent(step, job, context)

    expect(context.emitted).toEqual([
      { topic: `${ns}.job.postcreate.completed`, data: { ...job, completedAt: DONE, processingTimeMs: 0 } },
    ])
    expect(storedPet('1')).toEqual(done)
  })

  test.each([
    ['create first', [CREATED, RESTORED]],
    ['restore first', [RESTORED, CREATED]],
    ['each twice', [RESTORED, CREATED, CREATED, RESTORED]],
  ])(
    'When the messages of the creation and of a restore arrive (%s), then the feeding is 24 h after the restore',
    async (_, order) => {
      givenPets({ ...rex, owedJob: { namespace: ns, enqueuedAt: RESTORED } })

      for (const enqueuedAt of order) await callEvent(step, { petId: '1', enqueuedAt }, fakeContext())

      expect(storedPet('1')).toMatchObject({ notes: WELCOME_NOTES, nextFeedingAt: RESTORED + DAY_MS })
      expect(storedPet('1')?.owedJob).toBeUndefined()
    },
  )

  test("When only the creation's message has come, then the restore's job is still owed", async () => {
    const owedJob = { namespace: ns, enqueuedAt: RESTORED } as const
    givenPets({ ...rex, owedJob })
    await callEvent(step, job, fakeContext())
    expect(storedPet('1')).toMatchObject({ nextFeedingAt: CREATED + DAY_MS, owedJob })
  })

  test('When the pet has notes of its own, then they stay', async () => {
    givenPets({ ...owed, notes: 'Likes rain' })
    const context = fakeContext()
    await callEvent(step, job, context)
    expect(storedPet('1')).toMatchObject({ notes: 'Likes rain', nextFeedingAt: CREATED + DAY_MS })
    expect(context.logged[2]?.[2]).toMatchObject({ notes: 'Likes rain' })
  })

  test('When the pet is soft-deleted meanwhile, then the job does its work, and the pet stays deleted', async () => {
    givenPets({ ...owed, status: 'deleted', deletedAt: CREATED, purgeAt: CREATED + 30 * DAY_MS })
    const context = fakeContext()

    await callEvent(step, job, context)

    const { nextFeedingAt, notes } = done
    expect(storedPet('1')).toMatchObject({ status: 'deleted', deletedAt: CREATED, nextFeedingAt, notes })
    expect(context.emitted).toHaveLength(1)
  })

  test.each([
    ['does not exist', () => givenPets(buildPet({ id: '2' }))],
    [
      'is being purged',
      () => givenPets({ ...owed, status: 'deleted', purgeClaim: { namespace: ns, purgedAt: 1, claimedAt: 1 } }),
    ],
  ])('When the pet %s, then the job warns and ends: no event, no change, no retry', async (_, given) => {
    given()
    const before = fileText()
    const context = fakeContext()

    await callEvent(step, job, context)

    expect(context.emitted).toEqual([])
    expect(context.logged.slice(2)).toEqual([['warn', '⚠️ PostCreateLite job found no pet', { petId: '1' }]])
    expect(fileText()).toBe(before)
  })

  test.each([
    null,
    'job',
    {},
    [],
    { petId: '1' },
    { petId: 1, enqueuedAt: CREATED },
    { petId: '1', enqueuedAt: 'now' },
    { petId: '1', enqueuedAt: null },
    { petId: '1', enqueuedAt: -1 },
    { petId: '1', enqueuedAt: 8.64e15 },
    { ...job, colour: 'red' },
  ])(
    'When the message is %j, then the job fails for the queue to retry and bury it, and nothing happens',
    async (data) => {
      givenPets(owed)
      const before = fileText()
      const context = fakeContext()

      await expect(callEvent(step, data, context)).rejects.toMatchObject({ name: 'ZodError' })

      expect([context.emitted, context.logged]).toEqual([[], []])
      expect(fileText()).toBe(before)
    },
  )

  test.each(['__proto__', 'constructor', '01'])(
    'When the message is for the pet %j, then there is none',
    async (petId) => {
      givenPets(owed)
      const context = fakeContext()
      await callEvent(step, { petId, enqueuedAt: CREATED }, context)
      expect(context.logged.at(-1)).toEqual(['warn', '⚠️ PostCreateLite job found no pet', { petId }])
    },
  )

  test('When the store is broken, then the job fails, so that the queue brings it again', async () => {
    givenFile('{')
    await expect(callEvent(step, job, fakeContext())).rejects.toMatchObject({ code: 'STORE_INVALID' })
  })
})
