import { expect, test, vi } from 'vitest'
import { LeasedCronAdapter } from '../../src/cron/cron-adapter'
import { FakeLeases } from './fake-leases'

const TICK = Date.UTC(2022, 0, 1, 2)

/** Two servers that share their leases. */
const setUp = () => {
  const leases = new FakeLeases()
  const makeServer = () => new LeasedCronAdapter(leases, () => TICK)
  return { leases, server: makeServer(), other: makeServer() }
}

const lockOf = async (adapter: LeasedCronAdapter) => {
  const lock = await adapter.acquireLock('Reaper', 300_000)
  if (!lock) throw new Error('The lock was refused')
  return lock
}

test('When two servers want the lock of a tick, then one gets it', async () => {
  const { server, other } = setUp()
  const lock = await lockOf(server)
  expect(lock).toMatchObject({ jobName: 'Reaper', expiresAt: lock.acquiredAt + 300_000 })
  expect(await other.acquireLock('Reaper', 300_000)).toBeNull()
  expect(await server.getActiveLocks()).toEqual([lock])
  await server.releaseLock(lock)
})

test('When the lock is released, then the tick counts as run, and nobody gets its lock again', async () => {
  const { leases, server, other } = setUp()
  await server.releaseLock(await lockOf(server))
  expect(leases.ended).toEqual([TICK])
  expect(await server.getActiveLocks()).toEqual([])
  for (const adapter of [server, other]) expect(await adapter.acquireLock('Reaper', 300_000)).toBeNull()
})

test('When a lock is released twice, then the second time does nothing', async () => {
  const { leases, server } = setUp()
  const lock = await lockOf(server)
  await server.releaseLock(lock)
  await server.releaseLock(lock)
  expect(leases.ended).toEqual([TICK])
})

test('When a run is under way, then the shutdown waits for its end, even if that cannot be recorded', async () => {
  const { leases, server } = setUp()
  const begin = leases.begin.bind(leases)
  vi.spyOn(leases, 'begin').mockImplementation(async (...tick) => {
    const begun = await begin(...tick)
    return typeof begun === 'string' ? begun : { ...begun, end: () => Promise.reject(new Error('The disk is full')) }
  })
  const lock = await lockOf(server)
  let isShutDown = false
  const shutdown = server.shutdown().then(() => {
    isShutDown = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  expect(isShutDown).toBe(false)
  await expect(server.releaseLock(lock)).rejects.toThrow('The disk is full')
  await shutdown
})
