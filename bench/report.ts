import { type AimTable, checkAims } from './aims'
import { type Comparison, find } from './comparison'
import { OPERATION_TITLES, OPERATIONS, type Operation } from './operations'
import type { Results } from './results'
import { number, plural, table } from './table'

const clientsIn = ({ measurements }: Comparison): number[] => [...new Set(measurements.map(({ clients }) => clients))]

/** With one client the median latency and the rate follow from each other: the latency is enough. */
const columnsFor = <T>(clients: number, [rate, p50, p99]: [T, T, T]): T[] => (clients === 1 ? [p50] : [rate, p99])

/** The rates of all contenders. One that did not run has a line that says why. */
const ratesTable = ({ comparison, stock, titles }: Results): string => {
  const clients = clientsIn(comparison)
  const rows = (operation: Operation, from = comparison) =>
    from.starts.map(({ contender }) => {
      const figures = clients.flatMap((count) => {
        const found = find(from, contender, operation, count)
        return columnsFor(count, found ? [number(found.rate), number(found.p50), number(found.p99)] : ['', '', ''])
      })
      return [OPERATION_TITLES[operation], titles[contender] ?? contender, ...figures]
    })
  const withJobs = comparison.starts.flatMap(({ contender }) => {
    const rates = clients.map((count) => find(comparison, contender, 'POST', count)?.rateWithJobs ?? null)
    if (rates.includes(null)) return []
    const figures = clients.flatMap((count, index) => columnsFor(count, [number(rates[index] ?? 0), '', '']))
    return [['POST and its jobs', titles[contender] ?? contender, ...figures]]
  })
  const absent = [...comparison.absent, ...stock.absent].map(({ title, reason }) => [
    ...['', `${title} did not run: ${reason.split('\n')[0]}`],
  ])
  const head = clients.flatMap((count) =>
    columnsFor(count, [`${plural(count, 'client')}: per s`, `${plural(count, 'client')}: p50 ms`, 'p99 ms']),
  )
  const all = OPERATIONS.flatMap((operation) => [
    ...rows(operation),
    ...(operation === 'POST' ? [...rows(operation, stock), ...withJobs] : []),
  ])
  return table(['', '', ...head], [...all, ...absent], 2)
}

const aimsTable = ({ title, aims }: AimTable): string => {
  const rows = [...new Set(aims.map(({ row }) => row))]
  const columns = [...new Set(aims.map(({ column }) => column))]
  const cell = (row: string, column: string): string => {
    const aim = aims.find((one) => one.row === row && one.column === column)
    return aim?.isMet === false ? `**${aim.measured}**` : (aim?.measured ?? '')
  }
  const cells = rows.map((row) => [row, ...columns.map((column) => cell(row, column))])
  return table([title, ...columns], cells)
}

/** The whole report, as Markdown. */
export const report = (results: Results): string => {
  const { machine, failures } = results
  return `# Benchmarks

\`npm run bench\` writes this page in about five minutes.

${machine.date}, Node ${machine.node}, ${machine.cores} cores (${machine.processor}), ${machine.memoryGb.toFixed(0)} GB; load average before the
run: ${machine.loadBefore.toFixed(1)}. Server, database and clients share the machine. The contenders take turns. Failed requests: ${failures}.

## Rates

Medians of rounds that begin with 100 pets.

- **With Redis**: Redis syncs its append-only file every second.
- **Peer**: Fastify 5, PostgreSQL (\`synchronous_commit=on\`) and graphile-worker ([code](../bench/contenders/fastify-postgres.ts)). One
  transaction stores pet, audit row and job.
- **json-server** has no jobs, and responds before it writes to the disk.
- **Stock Motia** runs the same steps with its own runner.

${ratesTable(results)}

## Aims

Bold figures miss their aim.

${checkAims(results).map(aimsTable).join('\n\n')}
`
}
