import type { Comparison } from './comparison'
import type { ContenderKey } from './contenders/contender'
import type { Operation } from './operations'
import type { Results } from './results'

/** Something the project set out to reach, and whether this run did. */
export interface Aim {
  aim: string
  measured: string
  isMet: boolean
}

const times = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)}×`
const milliseconds = (value: number): string => `${value.toFixed(2)} ms`

/** The aims, each a ratio within one run. What a run did not measure has none. */
export const checkAims = (results: Results): Aim[] => [
  ...rateAims(results, 'get', 'GET by id'),
  ...rateAims(results, 'post', 'POST'),
  ...growthAims(results),
  ...jobAims(results),
  ...enduranceAims(results),
]

const rateAims = ({ comparison }: Results, operation: Operation, title: string): Aim[] => {
  const rateOf = (key: ContenderKey): number =>
    comparison.find((one: Comparison) => one.operation === operation && one.connections === 10 && one.contender === key)
      ?.rate ?? Number.NaN
  const rate = rateOf('in-process')
  const aim = (least: number, than: string, key: ContenderKey): Aim => {
    const ratio = rate / rateOf(key)
    return {
      aim: `${title}, 10 clients: ${least === 1 ? 'ahead of' : `at least ${least} times`} ${than}`,
      measured: times(ratio),
      isMet: ratio >= least,
    }
  }
  return [
    aim(150, 'the stock runner', 'stock'),
    aim(0.7, 'bare Express', 'bare-express'),
    aim(1, 'json-server', 'json-server'),
  ]
}

const growthAims = ({ growth }: Results): Aim[] => {
  const at = (pets: number) => growth.find((one) => one.contender === 'in-process' && one.pets === pets)
  const [few, many, most] = [at(100), at(10_000), at(100_000)]
  if (!few || !many || !most) return []
  return [
    {
      aim: 'GET by id at 100,000 pets: p50 no more than at 100 (a tenth is noise)',
      measured: `${milliseconds(most.get.p50)} against ${milliseconds(few.get.p50)}`,
      isMet: most.get.p50 <= few.get.p50 * 1.1,
    },
    {
      aim: 'POST at 10,000 pets: p50 within 3 times that at 100',
      measured: times(many.post.p50 / few.post.p50),
      isMet: many.post.p50 <= few.post.p50 * 3,
    },
  ]
}

const jobAims = ({ jobs }: Results): Aim[] =>
  jobs
    .filter(({ contender }) => contender === 'in-process')
    .map(({ creates, ms }) => ({
      aim: `The jobs of ${creates.toLocaleString('en')} creates: done within 2 s of the last 201`,
      measured: `${(ms / 1_000).toFixed(2)} s`,
      isMet: ms <= 2_000,
    }))

const enduranceAims = ({ endurance, titles }: Results): Aim[] =>
  endurance.flatMap(({ contender, paces, paceRequests, memory, memoryRequests }) => {
    const title = titles[contender]
    const [, second = Number.NaN] = paces
    const last = paces.at(-1) ?? Number.NaN
    const pace: Aim = {
      aim: `p50 flat over ${paceRequests.toLocaleString('en')} requests, ${title}: the last fifth within a quarter of the second`,
      measured: `${milliseconds(last)} against ${milliseconds(second)}`,
      isMet: last <= second * 1.25,
    }
    if (memoryRequests === 0) return [pace]
    const [, settled = Number.NaN] = memory
    const end = memory.at(-1) ?? Number.NaN
    return [
      pace,
      {
        aim: `Memory flat over ${memoryRequests.toLocaleString('en')} requests, ${title}: the end within a fifth of the first fifth`,
        measured: `${end.toFixed(0)} MB against ${settled.toFixed(0)} MB`,
        isMet: end <= settled * 1.2,
      },
    ]
  })
