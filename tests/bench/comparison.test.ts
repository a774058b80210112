import { expect, test } from 'vitest'
import { type ComparisonPlan, compare } from '../../bench/comparison'
import type { Contender } from '../../bench/contenders/contender'
import { Progress } from '../../bench/progress'
import { Session } from '../../bench/session'
import { pretendContender } from './pretend-contender'

const planFor = (...contenders: Contender[]): ComparisonPlan => ({
  ...{ title: 'test', subjects: contenders.map((contender) => ({ contender, pets: 100 })) },
  ...{ clients: [1, 4], rounds: 2, seconds: 0, warmUp: 0, least: 12 },
})

const inSession = async (contender: Contender, use: (session: Session) => Promise<void>): Promise<void> => {
  const session = new Session(contender, await contender.start(100), 100)
  await use(session)
  await session.server.end()
}

test('When one contender cannot start, then the others are measured, and the results contain the reason', async () => {
  const own = pretendContender()
  const peer = pretendContender({ key: 'peer', missing: 'initdb is missing' })
  const results = await compare(planFor(own.contender, peer.contender), new Progress(2))
  expect(results.absent).toEqual([{ title: 'pretended peer', reason: 'initdb is missing' }])
  expect(results.measurements.map(({ contender }) => contender)).toEqual(Array(8).fill('embedded'))
  expect(results.starts).toMatchObject([{ contender: 'embedded', pets: 100, startupMs: 1 }])
})

test('When a contender is compared, then each lane has the requests of all rounds, a rate and quantiles', async () => {
  const results = await compare(planFor(pretendContender().contender), new Progress(2))
  expect(results.failures).toBe(0)
  expect(results.measurements.map(({ operation, clients }) => `${operation} ${clients}`)).toEqual([
    ...['POST 1', 'GET 1', 'PUT 1', 'DELETE 1'],
    ...['POST 4', 'GET 4', 'PUT 4', 'DELETE 4'],
  ])
  for (const { requests, rate, p50, p99, operation, rateWithJobs } of results.measurements) {
    expect(requests).toBe(24)
    expect(rate).toBeGreaterThan(0)
    expect(p99).toBeGreaterThanOrEqual(p50)
    expect(rateWithJobs !== null).toBe(operation === 'POST')
  }
})

test('When pets are deleted by several clients, then each created pet is deleted once', async () => {
  const { contender, deletions } = pretendContender()
  await inSession(contender, async (session) => {
    await session.run({ operation: 'POST', clients: 4 }, 30)
    await session.run({ operation: 'DELETE', clients: 4 }, 1_000)
  })
  expect([...deletions.values()]).toEqual(Array(30).fill(1))
})

test('When jobs are not done in time, then the run fails and says how many', async () => {
  await inSession(pretendContender({ doesJobs: false }).contender, async (session) => {
    await expect(session.run({ operation: 'POST', clients: 2 }, 5)).rejects.toThrow(/jobs.*\n1 pets without notes/)
  })
})

test.each([
  [1, /for 10 events in the audit trail/],
  [3, /but there are 15/],
])('When the audit trail has %i events per create, then the check fails', async (eventsPerCreate, message) => {
  await inSession(pretendContender({ eventsPerCreate }).contender, async (session) => {
    await session.run({ operation: 'POST', clients: 2 }, 5)
    await expect(session.checkAudit()).rejects.toThrow(message)
  })
})
