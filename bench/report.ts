import { checkAims } from './aims'
import { type Comparison, find } from './comparison'
import { OPERATION_TITLES, OPERATIONS, type Operation } from './operations'
import type { Results } from './results'
import { number, plural, table } from './table'

const clientsIn = ({ measurements }: Comparison): number[] => [...new Set(measurements.map(({ clients }) => clients))]

/** The rates of all contenders. One that did not run has a line that says why. */
const ratesTable = ({ comparison, stock, titles }: Results): string => {
  const clients = clientsIn(comparison)
  const rows = (operation: Operation, from = comparison) =>
    from.starts.map(({ contender }) => {
      const found = clients.map((count) => find(from, contender, operation, count))
      const figures = found.flatMap((one) => (one ? [one.rate, one.p50, one.p99].map(number) : ['', '', '']))
      return [OPERATION_TITLES[operation], titles[contender] ?? contender, ...figures]
    })
  const withJobs = comparison.starts.flatMap(({ contender }) => {
    const rates = clients.map((count) => find(comparison, contender, 'POST', count)?.rateWithJobs ?? null)
    if (rates.includes(null)) return []
    return [
      ['POST and its jobs', titles[contender] ?? contender, ...rates.flatMap((rate) => [number(rate ?? 0), '', ''])],
    ]
  })
  const absent = [...comparison.absent, ...stock.absent].map(({ title, reason }) => [
    ...['', `${title} did not run: ${reason.split('\n')[0]}`],
  ])
  const head = clients.flatMap((count) => [`${plural(count, 'client')}: per s`, 'p50 ms', 'p99 ms'])
  const all = OPERATIONS.flatMap((operation) => [
    ...rows(operation),
    ...(operation === 'POST' ? [...rows(operation, stock), ...withJobs] : []),
  ])
  return table(['', '', ...head], [...all, ...absent], 2)
}

const growthTable = ({ growth }: Results): string => {
  const lanes = OPERATIONS.flatMap((operation) => clientsIn(growth).map((clients) => ({ operation, clients })))
  const head = lanes.map(({ operation, clients }) =>
    clients === 1 ? `${OPERATION_TITLES[operation]}: p50 ms, 1 client` : `per s, ${clients} clients`,
  )
  const rows = growth.starts.map(({ contender, pets, startupMs }) => {
    const figures = lanes.map(({ operation, clients }) => {
      const found = find(growth, contender, operation, clients, pets)
      return found ? number(clients === 1 ? found.p50 : found.rate) : ''
    })
    return [number(pets), ...figures, number(startupMs)]
  })
  return table(['pets', ...head, 'start ms'], rows, 0)
}

/** The whole report, as Markdown. */
export const report = (results: Results): string => {
  const { machine, failures } = results
  const mark = (isMet: boolean | null) => (isMet === null ? '' : isMet ? 'met' : '**missed**')
  const aims = checkAims(results).map(({ aim, measured, isMet }) => [aim, measured, mark(isMet)])
  return `# Benchmarks

\`npm run bench\` measures all of this in about seven minutes and writes this page. \`npm run bench -- --quick\` checks in seconds that it
works.

${machine.date}, Node ${machine.node}, ${machine.cores} cores (${machine.processor}), ${machine.memoryGb.toFixed(0)} GB; load average before the
run: ${machine.loadBefore.toFixed(1)}. Server, database and clients share this machine, and the contenders take turns. Failed requests: ${failures}.

## Rates

Medians of the rounds; each begins with 100 pets. The peer is Fastify 5 with PostgreSQL (\`synchronous_commit=on\`) and graphile-worker in one
process ([its code](../bench/contenders/fastify-postgres.ts)): pet, audit row and job are one transaction, and the job does the same work. json-server
has no jobs, and responds before it writes to the disk. Redis syncs its append-only file every second.

${ratesTable(results)}

## Aims

${table(['aim', 'measured', ''], aims, 3)}

## Growth

The pet store with its default engine.

${growthTable(results)}
`
}
