import { appendFileSync, rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { AuditLog } from '../../src/events/audit-log'
import { auditFile } from '../../src/settings'
import { createFileStore } from '../../src/store/file/file-store'
import { newsSchema } from '../../src/workbench/live'
import { readNews } from '../../src/workbench/news'
import { buildPet, petOf } from '../store/build-pet'
import { makeDataDir } from '../store/data-dir'

const setUp = () => {
  const dataDir = makeDataDir()
  const store = createFileStore({ dataDir: dataDir.path })
  const file = auditFile(dataDir.path)
  const audit = new AuditLog(file)
  const ask = (known: { stamp?: string; end?: string } = {}) =>
    readNews(store, audit, { stamp: known.stamp, end: known.end })
  return { dataDir, store, audit, file, ask }
}

const entry = (petId: string) => ({ topic: 'js.pet.created', traceId: `trace-${petId}`, data: { petId } })

test('Where there is nothing yet, the news are an empty store and an empty trail', async () => {
  const { ask } = setUp()
  const news = await ask()
  expect(newsSchema.parse(news)).toMatchObject({ store: { pets: [] }, audit: { lines: [] } })
})

test('When nothing changed since, then the answer holds neither pets nor lines', async () => {
  const { store, audit, ask } = setUp()
  await store.create(petOf())
  await audit.append(entry('1'))
  const first = await ask()
  expect(first.store.pets).toMatchObject([{ id: '1' }])
  expect(first.audit.lines).toMatchObject([entry('1')])
  const next = await ask({ stamp: first.store.stamp, end: first.audit.end })
  expect(next).toEqual({
    store: { stamp: first.store.stamp },
    audit: { lines: [], end: first.audit.end, isNew: false },
  })
})

test('When something changed, then the answer holds every pet, and the new lines alone', async () => {
  const { store, audit, ask } = setUp()
  await store.create(petOf())
  await audit.append(entry('1'))
  const { store: known, audit: trail } = await ask()
  await store.create(petOf())
  await audit.append(entry('2'))
  const news = await ask({ stamp: known.stamp, end: trail.end })
  expect(news.store.pets).toHaveLength(2)
  expect(news.audit.lines).toMatchObject([entry('2')])
  expect(news.audit.isNew).toBe(false)
})

test('A line that is still being written waits, and one that is none is left out', async () => {
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

test('A broken store is told once, and its pets are back once it is mended', async () => {
  const { dataDir, store, ask } = setUp()
  await store.create(petOf())
  const sound = dataDir.read()
  dataDir.write('{')
  const broken = await ask()
  expect(broken.store).toMatchObject({ error: expect.stringContaining('not valid JSON') })
  expect((await ask({ stamp: broken.store.stamp })).store).toEqual({ stamp: broken.store.stamp })
  dataDir.write(sound)
  expect((await ask({ stamp: broken.store.stamp })).store.pets).toMatchObject([{ id: '1' }])
})

test('A pet that a reaper has claimed is not shown', async () => {
  const { store, ask } = setUp()
  await store.create(petOf({ purgeClaim: { namespace: 'js', purgedAt: 1, claimedAt: 1 } }))
  expect((await ask()).store.pets).toEqual([])
})

test('Of very many pets the page gets the newest, and is told that there are more', async () => {
  const { dataDir, ask } = setUp()
  const pets = Array.from({ length: 10_001 }, (_, index) => buildPet({ id: String(index + 1) }))
  dataDir.write(JSON.stringify({ seq: 10_002, pets: Object.fromEntries(pets.map((pet) => [pet.id, pet])) }))
  const { store: many } = await ask()
  expect(many.isPart).toBe(true)
  expect(many.pets?.map(({ id }) => id)).toEqual(pets.slice(1).map(({ id }) => id))
  dataDir.write(JSON.stringify({ seq: 10_002, pets: Object.fromEntries(pets.slice(1).map((pet) => [pet.id, pet])) }))
  const { store: all } = await ask()
  expect(all).toMatchObject({ isPart: false, pets: { length: 10_000 } })
})
