import { compare } from './comparison'
import type { Contender, RunningContender } from './contenders/contender'
import { jsonServer } from './contenders/json-server'
import { bareExpress, inProcess, stockRunner } from './contenders/pet-store'
import { endure } from './endurance'
import { type Growth, measureGrowth } from './growth'
import { residentMemory } from './process-usage'
import { Progress } from './progress'
import { describeMachine, type Jobs, type Results } from './results'
import { runRound } from './round'
import { killAfterBurst } from './survival'
import { Tally } from './tally'

/** How much a run does. */
export interface RunSize {
  operations: Parameters<typeof compare>[1]['operations']
  concurrencies: number[]
  rounds: number
  /** Of one round, in seconds. */
  seconds: { fast: number; slow: number }
  /** What part of a full warm-up comes before the rounds. */
  warmUp: number
  /** Creates of which the server is killed at the last answer. */
  burst: { fast: number; slow: number }
  /** Creates whose jobs are timed; 0 leaves that out. */
  jobs: { fast: number; slow: number }
  /** The numbers of pets at which growth is measured. */
  sizes: number[]
  endurance: { contender: Contender; paceRequests: number; memoryRequests: number }[]
}

const CONTENDERS = [inProcess, stockRunner, jsonServer, bareExpress]
const PETS = 100

/** All that `npm run bench` measures. */
export const FULL: RunSize = {
  operations: ['get', 'list', 'post', 'put'],
  concurrencies: [1, 10],
  rounds: 3,
  seconds: { fast: 0.6, slow: 1.5 },
  warmUp: 1,
  burst: { fast: 300, slow: 10 },
  jobs: { fast: 1_000, slow: 20 },
  sizes: [100, 1_000, 10_000, 100_000],
  endurance: [
    { contender: inProcess, paceRequests: 5_000, memoryRequests: 100_000 },
    { contender: stockRunner, paceRequests: 200, memoryRequests: 0 },
  ],
}

/** What shows in some twenty seconds whether all of it works. */
export const QUICK: RunSize = {
  operations: ['get', 'post'],
  concurrencies: [4],
  rounds: 1,
  seconds: { fast: 0.3, slow: 0.5 },
  warmUp: 0.2,
  burst: { fast: 50, slow: 4 },
  jobs: { fast: 0, slow: 0 },
  sizes: [],
  endurance: [],
}

/** Runs the contenders against each other. */
export const runBenchmark = async (size: RunSize): Promise<Results> => {
  const machine = describeMachine()
  const tally = new Tally()
  const progress = new Progress(3 + (size.jobs.fast > 0 ? 1 : 0) + size.sizes.length + size.endurance.length)

  progress.next('start')
  const running: RunningContender[] = []
  for (const contender of CONTENDERS) {
    progress.detail(contender.title)
    const started = await contender.start(PETS)
    tally.start(contender.key, started.startupMs)
    tally.idleMemory.set(contender.key, residentMemory(started.pid))
    running.push(started)
  }

  progress.next('compare')
  const comparison = await compare(running, { ...size, pets: PETS }, tally, progress)

  const jobs: Jobs[] = []
  if (size.jobs.fast > 0) {
    progress.next('jobs')
    for (const one of running) if (one.contender.hasJobs) jobs.push(await timeJobs(one, size, tally))
  }

  progress.next('kill -9')
  for (const one of running) {
    progress.detail(one.contender.title)
    await killAfterBurst(one, one.contender.isSlow ? size.burst.slow : size.burst.fast, tally)
  }

  const growth: Growth[] = []
  for (const pets of size.sizes) {
    progress.next(`${pets.toLocaleString('en')} pets`)
    for (const contender of CONTENDERS) {
      progress.detail(contender.title)
      if (!contender.isSlow) growth.push(await measureGrowth(contender, pets, tally))
    }
  }

  const endurance: Results['endurance'] = []
  for (const { contender, ...amounts } of size.endurance) {
    progress.next(`many requests: ${contender.title}`)
    endurance.push(await endure(contender, amounts, tally))
  }
  progress.end()

  return {
    ...{ machine, comparison, jobs, growth, endurance, failures: tally.failures },
    titles: Object.fromEntries(CONTENDERS.map(({ key, title }) => [key, title])),
    writes: CONTENDERS.map(({ key }) => ({ contender: key, ...tally.writesOf(key) })),
    starts: CONTENDERS.map(({ key }) => ({
      contender: key,
      startupMs: tally.startups.get(key) ?? [],
      idleMemory: tally.idleMemory.get(key) ?? Number.NaN,
    })),
  }
}

const timeJobs = async (running: RunningContender, { jobs }: RunSize, tally: Tally): Promise<Jobs> => {
  const { key, isSlow } = running.contender
  const amount = isSlow ? jobs.slow : jobs.fast
  const round = tally.note(await runRound(running, { operation: 'post', connections: 10, amount, pets: PETS }))
  await running.reset()
  return { contender: key, creates: round.created, ms: round.jobsMs }
}
