import type { StateStreamEvent, StateStreamEventChannel } from 'motia'
import { ItemStream } from 'motia-runtime'
import { expect, test, vi } from 'vitest'
import { auditFile } from '../../src/app/settings'
import { AuditLog } from '../../src/audit/audit-log'
import { StoreError } from '../../src/store/store'
import { GROUP, RESET } from '../../src/workbench/live'
import { LiveStreams } from '../../src/workbench/live-streams'
import { MemoryStore } from '../pets/memory-store'
import { petOf } from '../store/build-pet'
import { makeDataDir } from '../store/data-dir'

const OPTIONS = { name: 'test', group: GROUP, reset: RESET }

/** Records what Motia would push. */
const record = (stream: ItemStream<{ id: string }>): string[] => {
  const pushed: string[] = []
  const { set, delete: remove } = stream
  stream.set = async (group, id, item) => {
    pushed.push(`set ${id}`)
    return set.call(stream, group, id, item)
  }
  stream.delete = async (group, id) => {
    pushed.push(`delete ${id}`)
    return remove.call(stream, group, id)
  }
  stream.send = async <T>(_channel: StateStreamEventChannel, { type }: StateStreamEvent<T>) => {
    pushed.push(type)
  }
  return pushed
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => ({ id: String(index) }))

test('When items change, then only those are pushed', async () => {
  const stream = new ItemStream<{ id: string; name: string }>(OPTIONS)
  await stream.show([
    { id: '1', name: 'Rex' },
    { id: '2', name: 'Bo' },
  ])
  const pushed: string[] = []
  stream.set = async (_group, id, item) => {
    pushed.push(id)
    return item
  }
  await stream.show([
    { id: '1', name: 'Rex' },
    { id: '2', name: 'Bobo' },
  ])
  expect(pushed).toEqual(['2'])
})

test('When an item is gone, then it is deleted', async () => {
  const stream = new ItemStream(OPTIONS)
  await stream.show(numbers(2))
  const pushed = record(stream)
  await stream.show(numbers(1))
  expect(pushed).toEqual(['delete 1'])
  expect(await stream.getGroup()).toEqual(numbers(1))
})

test('When very many items change, then the pages are told once to subscribe again', async () => {
  const stream = new ItemStream(OPTIONS)
  const pushed = record(stream)
  await stream.show(numbers(1_000))
  expect(pushed).toEqual([RESET])
  expect(await stream.getGroup()).toEqual(numbers(1_000))
})

const setUp = () => {
  const store = new MemoryStore()
  const trail = new AuditLog(auditFile(makeDataDir().path))
  const live = new LiveStreams(store, trail)
  const status = () => live.status.get(GROUP, 'store')
  return { store, trail, live, status }
}

test('When the store and the trail change, then the streams contain the pets and the lines', async () => {
  const { store, trail, live } = setUp()
  await live.look(0)
  expect(await live.pets.getGroup()).toEqual([])
  await store.create(petOf())
  await trail.append({ topic: 'js.pet.created', traceId: 't', data: { petId: '1' } })
  await live.look(0)
  expect(await live.pets.getGroup()).toMatchObject([{ id: '1' }])
  expect(await live.audit.getGroup()).toMatchObject([{ topic: 'js.pet.created', data: { petId: '1' } }])
})

test('When the store cannot be read, then the status says why until it can', async () => {
  const { store, live, status } = setUp()
  const broken = vi.spyOn(store, 'revision').mockRejectedValue(new StoreError('STORE_INVALID', 'not valid JSON'))
  await live.look(0)
  expect(await status()).toMatchObject({ problem: 'not valid JSON' })
  broken.mockRestore()
  await live.look(1)
  expect(await status()).toMatchObject({ problem: null })
})

test('When the trail cannot be read, then its lines stay, and the pets are shown', async () => {
  const { store, trail, live } = setUp()
  await trail.append({ topic: 'js.pet.created', traceId: 't', data: { petId: '1' } })
  await live.look(0)
  await store.create(petOf())
  const broken = vi.spyOn(trail, 'readAfter').mockRejectedValue(new Error('EACCES'))
  await live.look(0)
  expect(await live.pets.getGroup()).toMatchObject([{ id: '1' }])
  expect(await live.audit.getGroup()).toHaveLength(1)
  broken.mockRestore()
  await trail.append({ topic: 'js.pet.purged', traceId: 't', data: { petId: '1' } })
  await live.look(0)
  expect(await live.audit.getGroup()).toMatchObject([{ topic: 'js.pet.created' }, { topic: 'js.pet.purged' }])
})

test('When nothing happens, then the status is still sent every two seconds', async () => {
  const { live, status } = setUp()
  const sentAt = async (now: number) => {
    await live.look(now)
    return (await status())?.at
  }
  expect(await sentAt(10_000)).toBe(10_000)
  expect(await sentAt(11_999)).toBe(10_000)
  expect(await sentAt(12_000)).toBe(12_000)
})
