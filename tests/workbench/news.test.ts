import { appendFileSync, rmSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { auditFile } from '../../src/app/settings'
import { AuditLog } from '../../src/audit/audit-log'
import { StoreError } from '../../src/store/store'
import { readNews } from '../../src/workbench/news'
import { MemoryStore } from '../pets/memory-store'
import { buildPet, petOf } from '../store/build-pet'
import { makeDataDir } from '../store/data-dir'

const setUp = () => {
  const store = new MemoryStore()
  const file = auditFile(makeDataDir().path)
  const audit = new AuditLog(file)
  const ask = async (known: { revision?: string; end?: string } = {}) => ({
    store: await readNews(store, known.revision),
    audit: await audit.readAfter(known.end),
  })
  return { store, audit, file, ask }
}

const entry = (petId: string) => ({ topic: 'js.pet.created', traceId: `trace-${petId}`, data: { petId } })

test('When there is nothing yet, then the news is an empty store and an empty trail', async () => {
  const { ask } = setUp()
  expect(await ask()).toMatchObject({ store: { pets: [] }, audit: { lines: [] } })
})

test('When nothing has changed, then the news contains neither pets nor lines', async () => {
  const { store, audit, ask } = setUp()
  await store.create(petOf())
  await audit.append(entry('1'))
  const first = await ask()
  expect(first.store.pets).toMatchObject([{ id: '1' }])
  expect(first.audit.lines).toMatchObject([entry('1')])
  const next = await ask({ revision: first.store.revision, end: first.audit.end })
  expect(next).toEqual({
    store: { revision: first.store.revision },
    audit: { lines: [], end: first.audit.end, isNew: false },
  })
})

test('When something has changed, then the news contains every pet, and only the new lines', async () => {
  const { store, audit, ask } = setUp()
  await store.create(petOf())
  await audit.append(entry('1'))
  const { store: known, audit: trail } = await ask()
  await store.create(petOf())
  await audit.append(entry('2'))
  const news = await ask({ revision: known.revision, end: trail.end })
  expect(news.store.pets).toHaveLength(2)
  expect(news.audit.lines).toMatchObject([entry('2')])
  expect(news.audit.isNew).toBe(false)
})

test('When a line is still being written, then it is not news yet, and anything that is not a line is left out', async () => {
  const { audit, file, ask } = setUp()
  await audit.append(entry('1'))
  appendFileSync(file, 'no line\n{"at": 1, "topic": "js.pet.')
  const first = await ask()
  expect(first.audit.lines).toMatchObject([entry('1')])
  appendFileSync(file, 'purged", "traceId": "t", "data": {}}\n')
  const next = await ask({ end: first.audit.end })
  expect(next.audit.lines).toMatchObject([{ at: 1, topic: 'js.pet.purged', traceId: 't' }])
})

test('When the trail was removed, then the page is told to forget what it knows', async () => {
  const { audit, file, ask } = setUp()
  await audit.append(entry('1'))
  const { audit: trail } = await ask()
  rmSync(file)
  expect((await ask({ end: trail.end })).audit).toMatchObject({ lines: [], isNew: true })
})

test('When the store is broken, then the news says so, and has its pets again once it is repaired', async () => {
  const { store, ask } = setUp()
  await store.create(petOf())
  const { store: before } = await ask()
  const broken = vi.spyOn(store, 'revision').mockRejectedValue(new StoreError('STORE_INVALID', 'not valid JSON'))
  const news = await ask({ revision: before.revision })
  expect(news.store).toMatchObject({ problem: 'not valid JSON' })
  expect(news.store.pets).toBeUndefined()
  broken.mockRestore()
  expect((await ask({ revision: news.store.revision })).store.pets).toMatchObject([{ id: '1' }])
})

test('When a pet is purged, or owes events, then the page sees neither the pet nor the events', async () => {
  const { store, ask } = setUp()
  await store.create(petOf({ purged: true }))
  await store.create(petOf({ owed: [{ id: 'e1', topic: 'js.pet.created', data: { petId: '2' } }] }))
  expect((await ask()).store.pets).toEqual([buildPet({ id: '2' })])
})

test('When there are very many pets, then the page gets the newest, and knows that there are more', async () => {
  const { store, ask } = setUp()
  const pets = Array.from({ length: 10_001 }, (_, index) => buildPet({ id: String(index + 1) }))
  store.reset(...pets)
  const { store: many } = await ask()
  expect(many.isPart).toBe(true)
  expect(many.pets?.map(({ id }) => id)).toEqual(pets.slice(1).map(({ id }) => id))
  store.reset(...pets.slice(1))
  const { store: all } = await ask()
  expect(all).toMatchObject({ isPart: false, pets: { length: 10_000 } })
})
