import { expect, test } from 'vitest'
import { copyImpatientProject } from '../support/impatient-project'
import { copyProject } from '../support/project-copy'
import { startRedis } from '../support/redis'
import { refusalOf } from '../support/server'
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

test('When an app of another name uses the prefix of a store, then it does not start, and the store goes on', async () => {
  const redis = await startRedis()
  const server = await startInstance(redis.url)
  const kennel = copyProject()
  kennel.edit('package.json', '"name": "motia-pet-store"', '"name": "kennel"')
  const refusal = await refusalOf({ root: kennel.root, env: { REDIS_URL: redis.url } })
  expect(refusal).toBe(
    '✗ The prefix "pets" in Redis belongs to the app "motia-pet-store", and this app is "kennel" (see package.json): ' +
      'set another redisPrefix, or delete the key pets:app if the app was renamed\n',
  )
  const { body } = await ask(server.url, 'POST', '/js/pets', { name: 'Rex', species: 'dog', ageMonths: 1 })
  await redis.command('DEL', 'pets:app')
  const renamed = await startInstance(redis.url, { root: kennel.root })
  expect((await ask(renamed.url, 'GET', `/js/pets/${body.id}`)).status).toBe(200)
})
