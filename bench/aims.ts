import { find, type Measurement } from './comparison'
import type { ContenderKey } from './contenders/contender'
import { OPERATION_TITLES, type Operation } from './operations'
import type { Restart } from './restart'
import type { Results } from './results'
import { number, plural } from './table'

/** Something the project set out to reach, and whether this run did; null if it was not measured. */
export interface Aim {
  aim: string
  measured: string
  isMet: boolean | null
}

const CHANGES = ['POST', 'PUT', 'DELETE'] as const

/** The aims of the project, most of them ratios within one run. */
export const checkAims = (results: Results): Aim[] => [
  ...CHANGES.flatMap((operation) => peerAims(results, operation)),
  ahead(results, 'embedded', 'GET', 10, 2, 'peer'),
  ahead(results, 'embedded', 'POST', 10, 1, 'json-server'),
  ...CHANGES.flatMap((operation) => [10, 50].map((clients) => ahead(results, 'redis', operation, clients, 1, 'peer'))),
  ...CHANGES.flatMap((operation) => growthAims(results, operation)),
  ...ownAims(results),
  ...[1, 10].map((clients) => syncsPerCreate(results, clients)),
]

const notMeasured = (aim: string): Aim => ({ aim, measured: 'not measured', isMet: null })

const byRate = (aim: string, least: number, own?: Measurement, other?: Measurement): Aim => {
  if (!own || !other) return notMeasured(aim)
  const ratio = own.rate / other.rate
  return { aim, measured: `${ratio.toFixed(2)}×`, isMet: ratio >= least }
}

const byP50 = (aim: string, most: number, own?: Measurement, other?: Measurement): Aim => {
  if (!own || !other) return notMeasured(aim)
  const ratio = own.p50 / other.p50
  return { aim, measured: `${ratio.toFixed(2)}×`, isMet: ratio <= most }
}

const ahead = (
  { comparison, titles }: Results,
  key: ContenderKey,
  operation: Operation,
  clients: number,
  least: number,
  otherKey: ContenderKey,
): Aim => {
  const what = `${OPERATION_TITLES[operation]}${key === 'redis' ? ` ${titles.redis}` : ''}`
  return byRate(
    `${what}, ${clients} clients: ≥ ${least}× ${titles[otherKey]}`,
    least,
    find(comparison, key, operation, clients),
    find(comparison, otherKey, operation, clients),
  )
}

const peerAims = (results: Results, operation: Operation): Aim[] => [
  byP50(
    `${operation}, 1 client: p50 ≤ 0.5× ${results.titles.peer}`,
    0.5,
    find(results.comparison, 'embedded', operation, 1),
    find(results.comparison, 'peer', operation, 1),
  ),
  ahead(results, 'embedded', operation, 10, 2, 'peer'),
  ahead(results, 'embedded', operation, 50, 3, 'peer'),
]

const growthAims = ({ growth }: Results, operation: Operation): Aim[] => {
  const at = (pets: number, clients: number) => find(growth, 'embedded', operation, clients, pets)
  return [
    byP50(`${operation}, 1 client, 100,000 pets: p50 ≤ 1.5× that with 100`, 1.5, at(100_000, 1), at(100, 1)),
    byRate(`${operation}, 10 clients, 10,000 pets: ≥ 0.9× the rate with 100`, 0.9, at(10_000, 10), at(100, 10)),
  ]
}

const ownAims = ({ comparison, restart }: Results): Aim[] => {
  const start = comparison.starts.find(({ contender }) => contender === 'embedded')
  const below = (aim: string, most: number, unit: string, value?: number): Aim =>
    value === undefined ? notMeasured(aim) : { aim, measured: `${number(value)} ${unit}`, isMet: value < most }
  return [
    below('Start to first response: under 1.2 s', 1_200, 'ms', start?.startupMs),
    below('Idle memory after the start: under 130 MB', 130, 'MB', start?.memoryMb),
    below(restartAim(restart), 2_000, 'ms', restart?.ms),
  ]
}

const restartAim = (restart: Restart | null): string =>
  restart
    ? `Restart after kill -9 with ${number(restart.pets)} pets and ${number(restart.journalKb)} KB of journal: under 2 s`
    : 'Restart after kill -9: under 2 s'

const syncsPerCreate = ({ syncs, titles }: Results, clients: number): Aim => {
  const aim = `Syncs per create, ${plural(clients, 'client')} (no aim)`
  if (typeof syncs === 'string') return { aim, measured: `not measured: ${syncs}`, isMet: null }
  const counts = syncs.filter((one) => one.clients === clients)
  const measured = counts.map(({ contender, perCreate }) => `${titles[contender]}: ${perCreate.toFixed(2)}`).join(', ')
  return { aim, measured, isMet: null }
}
