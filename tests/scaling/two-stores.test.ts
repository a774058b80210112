import { expect, test } from 'vitest'
import { copyImpatientProject } from '../support/impatient-project'
import { startRedis } from '../support/redis'
import { waitFor } from '../support/wait-for'
import { ask, spread, startInstance } from './fleet'

const PETS = 20

test('When two stores share a Redis under two prefixes, then each runs its own jobs and reapers and has its own audit trail', async () => {
  const redis = await startRedis()
  const { root } = copyImpatientProject({ reaperCron: '* * * * * *' })
  const prefixes = ['cats', 'dogs']
  const stores = await Promise.all(
    prefixes.map(async (prefix) => {
      const server = await startInstance(redis.url, { root, env: { PETS_REDIS_PREFIX: prefix } })
      /** The names of the events in the audit trail of this store, each with the pet that it is about. */
      const trail = async () => {
        const entries: [id: string, fields: string[]][] = Object(
          await redis.command('XRANGE', `{${prefix}}:audit`, '-', '+'),
        )
        return entries.map(([, [, , , topic, , , , data = '']]) => [topic, JSON.parse(data).petId])
      }
      return { server, prefix, trail }
    }),
  )
  const create = ({ server, prefix }: (typeof stores)[number]) =>
    ask(server.url, 'POST', '/js/pets', { name: prefix, species: 'cat', ageMonths: 1 })
  await spread(PETS, 2, () => Promise.all(stores.map(create)))

  for (const { server, prefix, trail } of stores) {
    const count = async (wanted: string) => (await trail()).filter(([topic]) => topic === wanted).length
    await waitFor(async () => (await count('js.job.postcreate.completed')) >= PETS, { what: `the jobs of ${prefix}` })
    await waitFor(async () => (await count('js.reaper.completed')) >= 3, { what: `the reapers of ${prefix}` })
    const pets: { name: string; notes?: string }[] = Object((await ask(server.url, 'GET', '/js/pets')).body)
    expect(pets.map(({ name, notes }) => [name, notes !== undefined])).toEqual(Array(PETS).fill([prefix, true]))
    const completed = (await trail()).filter(([topic]) => topic === 'js.job.postcreate.completed')
    expect(new Set(completed.map(([, petId]) => petId)).size).toBe(PETS)
    expect(completed).toHaveLength(PETS)
  }
  await Promise.all(stores.map(({ server }) => server.stop()))
})
