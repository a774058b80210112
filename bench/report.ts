import { type Comparison, find, type Measurement } from './comparison'
import { OPERATION_TITLES, OPERATIONS, type Operation } from './operations'
import type { Results } from './results'
import { number, plural, table } from './table'
import { checkTargets, type TargetTable } from './targets'

const clientsIn = ({ measurements }: Comparison): number[] => [...new Set(measurements.map(({ clients }) => clients))]

/** Returns a table with a column for each contender: the latency with one client, and the rate with several. */
const ratesTable = ({ comparison, titles }: Results): string => {
  const contenders = comparison.starts.map(({ contender }) => contender)
  const row = (title: string, operation: Operation, clients: number, figure: (one: Measurement) => number | null) => {
    const figures = contenders.map((contender) => {
      const found = find(comparison, contender, operation, clients)
      return found ? figure(found) : null
    })
    const cells = figures.map((value) => (value === null ? '' : number(value)))
    return [`${title}, ${plural(clients, 'client')}: ${clients === 1 ? 'p50 ms' : 'per s'}`, ...cells]
  }
  const clients = clientsIn(comparison)
  const rows = OPERATIONS.flatMap((operation) =>
    clients.map((count) => row(OPERATION_TITLES[operation], operation, count, count === 1 ? p50Of : rateOf)),
  )
  const withJobs = clients
    .filter((count) => count > 1)
    .map((count) => row('POST and its jobs', 'POST', count, ({ rateWithJobs }) => rateWithJobs))
  return table(['', ...contenders.map((contender) => titles[contender] ?? contender)], [...rows, ...withJobs])
}

const p50Of = ({ p50 }: Measurement): number => p50
const rateOf = ({ rate }: Measurement): number => rate

/** Returns the rate of Motia's own runner. */
const stockRate = ({ stock }: Results): string =>
  stock.measurements
    .map(({ operation, clients, rate }) => `: ${number(rate)} ${operation}/s with ${plural(clients, 'client')}`)
    .join()

/** Returns a line for each contender that did not run. */
const absentLines = ({ comparison, stock }: Results): string =>
  [...comparison.absent, ...stock.absent]
    .map(({ title, reason }) => `- Not run: ${title} (${reason.split('\n')[0]})\n`)
    .join('')

const targetsTable = ({ title, targets }: TargetTable): string => {
  const rows = [...new Set(targets.map(({ row }) => row))]
  const columns = [...new Set(targets.map(({ column }) => column))]
  const cell = (row: string, column: string): string => {
    const target = targets.find((one) => one.row === row && one.column === column)
    return target?.isMet === false ? `**${target.measured}**` : (target?.measured ?? '')
  }
  const cells = rows.map((row) => [row, ...columns.map((column) => cell(row, column))])
  return table([title, ...columns], cells)
}

/** Returns the whole report, as Markdown. */
export const report = (results: Results): string => {
  const { machine, failures } = results
  return `# Benchmarks

\`npm run bench\` writes this page in about five minutes.

${machine.date}, Node ${machine.node}, ${machine.cores} cores (${machine.processor}), ${machine.memoryGb.toFixed(0)} GB; load average before the
run: ${machine.loadBefore.toFixed(1)}. Server, database and clients share the machine. The contenders take turns. Failed requests: ${failures}.

## Rates

Medians of rounds that begin with 100 pets. \`npm run bench -- --json FILE\` also writes the p99.

- **With Redis**: Redis syncs its append-only file every second.
- **Peer**: Fastify 5, PostgreSQL (\`synchronous_commit=on\`) and graphile-worker ([code](../bench/contenders/fastify-postgres.ts)). One
  transaction stores pet, audit row and job.
- **json-server** has no jobs, and responds before it writes to the disk.
- **Stock Motia** runs the same steps with its own runner${stockRate(results)}.
${absentLines(results)}
${ratesTable(results)}

## Targets

Bold figures miss their target.

${checkTargets(results).map(targetsTable).join('\n\n')}
`
}
