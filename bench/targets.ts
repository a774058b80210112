import { find, type Measurement } from './comparison'
import type { ContenderKey } from './contenders/contender'
import { OPERATION_TITLES, OPERATIONS, type Operation } from './operations'
import type { Restart } from './restart'
import type { Results } from './results'
import { number, plural } from './table'

/** A target of the project, and whether this run met it; null if it was not measured. */
export interface Target {
  /** The headings of its row and its column. */
  row: string
  column: string
  measured: string
  isMet: boolean | null
}

/** Targets that form a table. The title is the heading of the first column. */
export interface TargetTable {
  title: string
  targets: Target[]
}

const CHANGES = ['POST', 'PUT', 'DELETE'] as const

/** The targets of the project, most of them ratios within one run. */
export const checkTargets = (results: Results): TargetTable[] => [
  {
    title: 'against the peer',
    targets: [
      ...CHANGES.flatMap((operation) => peerTargets(results, operation)),
      ahead(results, 'embedded', 'GET', 10, 2),
    ],
  },
  { title: 'against 100 pets', targets: OPERATIONS.flatMap((operation) => growthTargets(results, operation)) },
  {
    title: 'other figures',
    targets: [
      aheadOfJsonServer(results),
      ...ownTargets(results),
      ...[1, 10].map((clients) => syncsPerCreate(results, clients)),
    ],
  },
]

const notMeasured = (row: string, column: string): Target => ({ row, column, measured: 'not measured', isMet: null })

const byRate = (row: string, column: string, least: number, own?: Measurement, other?: Measurement): Target => {
  if (!own || !other) return notMeasured(row, column)
  const ratio = own.rate / other.rate
  return { row, column, measured: `${ratio.toFixed(2)}×`, isMet: ratio >= least }
}

const byP50 = (row: string, column: string, most: number, own?: Measurement, other?: Measurement): Target => {
  if (!own || !other) return notMeasured(row, column)
  const ratio = own.p50 / other.p50
  return { row, column, measured: `${ratio.toFixed(2)}×`, isMet: ratio <= most }
}

/** Compares the rate with the peer's. */
const ahead = (
  { comparison }: Results,
  key: ContenderKey,
  operation: Operation,
  clients: number,
  least: number,
): Target =>
  byRate(
    OPERATION_TITLES[operation],
    `${key === 'redis' ? 'with Redis, ' : ''}${clients} clients: rate ≥ ${least}×`,
    least,
    find(comparison, key, operation, clients),
    find(comparison, 'peer', operation, clients),
  )

const peerTargets = (results: Results, operation: Operation): Target[] => [
  byP50(
    operation,
    '1 client: p50 ≤ 0.5×',
    0.5,
    find(results.comparison, 'embedded', operation, 1),
    find(results.comparison, 'peer', operation, 1),
  ),
  ahead(results, 'embedded', operation, 10, 2),
  ahead(results, 'embedded', operation, 50, 3),
  ahead(results, 'redis', operation, 10, 1),
  ahead(results, 'redis', operation, 50, 1),
]

const growthTargets = ({ growth }: Results, operation: Operation): Target[] => {
  const at = (pets: number, clients: number) => find(growth, 'embedded', operation, clients, pets)
  return [
    byP50(OPERATION_TITLES[operation], '1 client, 100,000 pets: p50 ≤ 1.5×', 1.5, at(100_000, 1), at(100, 1)),
    byRate(OPERATION_TITLES[operation], '10 clients, 10,000 pets: rate ≥ 0.9×', 0.9, at(10_000, 10), at(100, 10)),
  ]
}

/** The column of a table that has only one. */
const MEASURED = 'measured'

const aheadOfJsonServer = ({ comparison }: Results): Target => {
  const [own, other] = [find(comparison, 'embedded', 'POST', 10), find(comparison, 'json-server', 'POST', 10)]
  return byRate('POST, 10 clients: rate ≥ 1× json-server', MEASURED, 1, own, other)
}

const ownTargets = ({ comparison, growth, restart }: Results): Target[] => {
  const start = comparison.starts.find(({ contender }) => contender === 'embedded')
  const largest = growth.starts.find(({ pets }) => pets === 100_000)
  const below = (row: string, most: number | null, unit: string, value?: number): Target =>
    value === undefined
      ? notMeasured(row, MEASURED)
      : { row, column: MEASURED, measured: `${number(value)} ${unit}`, isMet: most === null ? null : value < most }
  return [
    below('start to first response: under 1.2 s', 1_200, 'ms', start?.startupMs),
    below('start with 100,000 pets', null, 'ms', largest?.startupMs),
    below('idle memory: under 130 MB', 130, 'MB', start?.memoryMb),
    below(restartAim(restart), 2_000, 'ms', restart?.ms),
  ]
}

const restartAim = (restart: Restart | null): string =>
  restart
    ? `restart after kill -9, ${number(restart.pets)} pets, ${number(restart.journalKb)} KB of journal: under 2 s`
    : 'restart after kill -9: under 2 s'

const syncsPerCreate = ({ syncs, titles }: Results, clients: number): Target => {
  const row = `syncs to disk per create, ${plural(clients, 'client')}`
  if (typeof syncs === 'string') return { row, column: MEASURED, measured: `not measured: ${syncs}`, isMet: null }
  const counts = syncs.filter((one) => one.clients === clients)
  const measured = counts.map(({ contender, perCreate }) => `${titles[contender]}: ${perCreate.toFixed(2)}`).join(', ')
  return { row, column: MEASURED, measured, isMet: null }
}
