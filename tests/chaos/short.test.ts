import { afterAll, describe, test } from 'vitest'
import { closeSharedRedis } from '../../src/redis/shared-redis'
import { byHand } from './by-hand'
import { clockJumps, serverClockJumps } from './clock-jumps'
import { contract } from './contract'
import { fullDisk } from './full-disk'
import { fuzz } from './fuzz'
import { histories } from './histories'
import { killNine } from './kill-nine'
import { chaosSeed } from './random'
import { redisAway } from './redis-away'
import { restarts } from './restarts'
import type { Chaos } from './scenario'
import { makeFolder, makeRedis } from './world'

const HISTORIES = { servers: 2, stopMs: 1_500, requests: 100 }

/** The short form of `npm run chaos`: the same scenarios with smaller numbers, some at a time. */
const scenarios: [promise: string, run: (chaos: Chaos) => Promise<void>][] = [
  [
    'When the server is killed under load, then nothing is lost and every event is audited once',
    (chaos) => killNine(chaos, { rounds: 3, makeWorld: makeFolder, settlingMs: 25_000 }),
  ],
  [
    'When the server and its Redis are killed under load, then nothing is lost and every event is audited once',
    (chaos) => killNine(chaos, { rounds: 3, makeWorld: makeRedis, settlingMs: 25_000 }),
  ],
  [
    'When Redis is away or hangs, then requests are refused quickly, and nothing acknowledged is lost',
    (chaos) => redisAway(chaos, { awayMs: 1_000, names: ['killed', 'hanging'], stopsHanging: false }),
  ],
  [
    'When the server is stopped under load, then no request is cut off and no event is lost',
    (chaos) => restarts(chaos, { rounds: 2 }),
  ],
  [
    'When servers on one folder are killed and stopped, then each pet’s history is linearizable',
    (chaos) => histories(chaos, { ...HISTORIES, rounds: 2, makeWorld: makeFolder, areReadsShared: false }),
  ],
  [
    'When servers on one Redis, and it, are killed and stopped, then each pet’s history is linearizable',
    (chaos) => histories(chaos, { ...HISTORIES, rounds: 3, makeWorld: makeRedis, areReadsShared: true }),
  ],
  [
    'When requests are random, then none gets a 5xx, reveals a path or changes what it must not',
    (chaos) => fuzz(chaos, { shots: 2_000 }),
  ],
  [
    'When requests are made from the OpenAPI document, then each response is one that it describes',
    (chaos) => contract(chaos, { requests: 500 }),
  ],
  [
    'When the disk is full, then changes get a 507, and everything works again by itself afterwards',
    (chaos) => fullDisk(chaos, { fullMs: 1_000 }),
  ],
  [
    'When people edit, break, empty, delete and protect the file under load, then the effects are those in the docs',
    byHand,
  ],
  ['When the clock of a running server jumps, then pets are purged when they are due', serverClockJumps],
  [
    'When the clock jumps at random, then no pet is purged early, and none twice',
    (chaos) => clockJumps(chaos, { jumps: 100 }),
  ],
]

afterAll(closeSharedRedis)

describe.concurrent(`Chaos (CHAOS_SEED=${chaosSeed()})`, () => {
  test.each(scenarios)('%s', { timeout: 60_000 }, async (_, run) => {
    const said: string[] = []
    try {
      await run({ seed: chaosSeed(), say: (line) => said.push(line) })
    } catch (error) {
      throw new Error([`CHAOS_SEED=${chaosSeed()} failed after:`, ...said].join('\n  '), { cause: error })
    }
  })
})
