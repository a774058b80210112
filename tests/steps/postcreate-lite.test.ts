import { afterEach, describe, expect, test, vi } from 'vitest'
import { DAY_MS, WELCOME_NOTES } from '../../src/pets/pet'
import { StoreError } from '../../src/store/store'
import { buildPet } from '../store/build-pet'
import { callEvent, type EventStep } from './call-step'
import { everyNamespace } from './every-namespace'
import { anyId, fakeContext } from './fake-context'
import { givenPets, store, storedPet } from './step-store'

const CREATED = Date.UTC(2022, 0, 1)
const DONE = CREATED + 1_500
const RESTORED = Date.UTC(2022, 0, 20, 8)

const steps = await everyNamespace<EventStep>('postcreate-lite.job')

const job = { petId: '1', enqueuedAt: CREATED }

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

describe.each(steps)('%s: PostCreateLite', (ns, step) => {
  const rex = buildPet({ id: '1', name: 'Rex', createdAt: CREATED, updatedAt: CREATED })
  const done = { ...rex, updatedAt: DONE, notes: WELCOME_NOTES, nextFeedingAt: CREATED + DAY_MS }
  const completed = (completedAt: number, processingTimeMs: number) => ({
    id: anyId,
    topic: `${ns}.job.postcreate.completed`,
    data: { type: 'job.postcreate.completed', ...job, completedAt, processingTimeMs },
  })

  test('When a pet was created, then it gets its notes and a feeding exactly 24 h later, stored with the event that is emitted', async () => {
    givenPets(rex)
    vi.useFakeTimers({ toFake: ['Date'], now: DONE })
    const context = fakeContext()

    await callEvent(step, job, context)

    expect(context.emitted).toEqual([completed(DONE, 0)])
    expect(await storedPet('1')).toEqual({ ...done, owed: context.emitted })
  })

  test("When the job runs, then the log contains the spec's four lines in their order", async () => {
    givenPets(rex)
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

  test('When the handler takes long, then it reports its own time, not the time in the queue', async () => {
    givenPets(rex)
    vi.useFakeTimers({ toFake: ['Date'], now: DONE })
    const context = fakeContext()
    const info = context.logger.info.bind(context.logger)
    context.logger.info = (message, details) => {
      if (message === '🔄 Setting next feeding reminder') vi.setSystemTime(DONE + 50)
      info(message, details)
    }

    await callEvent(step, job, context)

    expect(context.emitted).toEqual([completed(DONE + 50, 50)])
    expect(context.logged.at(-1)?.[2]).toEqual({ petId: '1', processingTimeMs: 50 })
  })

  test('When the event is emitted, then notes and feeding are already stored', async () => {
    givenPets(rex)
    const stored: unknown[] = []
    const context = fakeContext({
      onEmit: async () => {
        stored.push((await storedPet('1'))?.notes)
      },
    })
    await callEvent(step, job, context)
    expect(stored).toEqual([WELCOME_NOTES])
  })

  test('When the message comes twice, then the second changes nothing, and emits the event of that job again', async () => {
    givenPets(rex)
    vi.useFakeTimers({ toFake: ['Date'], now: DONE })
    await callEvent(step, job, fakeContext())
    const after = await store.revision()

    vi.setSystemTime(DONE + DAY_MS)
    const context = fakeContext()
    await callEvent(step, job, context)

    expect(await store.revision()).toBe(after)
    expect(context.emitted).toMatchObject([{ topic: `${ns}.job.postcreate.completed`, data: job }])
  })

  test('When the queues refuse the event, then the job fails and the pet owes the event, and a retry changes nothing', async () => {
    givenPets(rex)
    vi.useFakeTimers({ toFake: ['Date'], now: DONE })
    const away = new Error('Redis is away')
    const refuse = () => {
      throw away
    }
    await expect(callEvent(step, job, fakeContext({ onEmit: refuse }))).rejects.toBe(away)
    expect(await storedPet('1')).toEqual({ ...done, owed: [completed(DONE, 0)] })

    const context = fakeContext()
    await callEvent(step, job, context)

    expect(context.emitted).toEqual([completed(DONE, 0)])
    expect(await storedPet('1')).toEqual({ ...done, owed: [completed(DONE, 0)] })
  })

  test.each([
    ['create first', [CREATED, RESTORED]],
    ['restore first', [RESTORED, CREATED]],
    ['each twice', [RESTORED, CREATED, CREATED, RESTORED]],
  ])(
    'When the messages of the creation and of a restore arrive (%s), then the feeding is 24 h after the restore',
    async (_, order) => {
      givenPets(rex)

      for (const enqueuedAt of order) await callEvent(step, { petId: '1', enqueuedAt }, fakeContext())

      expect(await storedPet('1')).toMatchObject({ notes: WELCOME_NOTES, nextFeedingAt: RESTORED + DAY_MS })
    },
  )

  test('When the pet has notes of its own, then they stay', async () => {
    givenPets({ ...rex, notes: 'Likes rain' })
    const context = fakeContext()
    await callEvent(step, job, context)
    expect(await storedPet('1')).toMatchObject({ notes: 'Likes rain', nextFeedingAt: CREATED + DAY_MS })
    expect(context.logged[2]?.[2]).toMatchObject({ notes: 'Likes rain' })
  })

  test('When the pet is soft-deleted meanwhile, then the job does its work, and the pet stays deleted', async () => {
    givenPets({ ...rex, status: 'deleted', deletedAt: CREATED, purgeAt: CREATED + 30 * DAY_MS })
    const context = fakeContext()

    await callEvent(step, job, context)

    const { nextFeedingAt, notes } = done
    expect(await storedPet('1')).toMatchObject({ status: 'deleted', deletedAt: CREATED, nextFeedingAt, notes })
    expect(context.emitted).toHaveLength(1)
  })

  test.each([
    ['does not exist', () => givenPets(buildPet({ id: '2' }))],
    ['is purged', () => givenPets({ ...rex, status: 'deleted', deletedAt: 1, purgeAt: 2, purged: true })],
  ])('When the pet %s, then the job warns and ends: no event, no change, no retry', async (_, given) => {
    given()
    const before = await store.revision()
    const context = fakeContext()

    await callEvent(step, job, context)

    expect(context.emitted).toEqual([])
    expect(context.logged.slice(2)).toEqual([['warn', '⚠️ PostCreateLite job found no pet', { petId: '1' }]])
    expect(await store.revision()).toBe(before)
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
  ])(
    'When the message is %j, then the job fails for the queue to retry and make it a dead letter, and nothing happens',
    async (data) => {
      givenPets(rex)
      const before = await store.revision()
      const context = fakeContext()

      await expect(callEvent(step, data, context)).rejects.toMatchObject({ name: 'ZodError' })

      expect([context.emitted, context.logged]).toEqual([[], []])
      expect(await store.revision()).toBe(before)
    },
  )

  test('When the message is from a newer server, with an unknown field, then the job does its work', async () => {
    givenPets(rex)
    const context = fakeContext()
    await callEvent(step, { ...job, extra: 'x' }, context)
    expect(await storedPet('1')).toMatchObject({ notes: WELCOME_NOTES })
    expect(context.emitted).toHaveLength(1)
  })

  test.each(['__proto__', 'constructor', '01'])(
    'When the message is for the pet %j, then the job finds no pet',
    async (petId) => {
      givenPets(rex)
      const context = fakeContext()
      await callEvent(step, { petId, enqueuedAt: CREATED }, context)
      expect(context.logged.at(-1)).toEqual(['warn', '⚠️ PostCreateLite job found no pet', { petId }])
    },
  )

  test('When the store is broken, then the job fails, so that the queue delivers it again', async () => {
    givenPets(rex)
    vi.spyOn(store, 'update').mockRejectedValue(new StoreError('STORE_INVALID', 'broken'))
    const context = fakeContext()
    await expect(callEvent(step, job, context)).rejects.toMatchObject({ code: 'STORE_INVALID' })
    expect(context.emitted).toEqual([])
  })
})
