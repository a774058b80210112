import { checkAims } from './aims'
import type { Comparison } from './comparison'
import type { ContenderKey } from './contenders/contender'
import { OPERATION_TITLES } from './operations'
import type { Results } from './results'
import { median } from './statistics'
import { table } from './table'

const whole = (value: number): string => Math.round(value).toLocaleString('en')

/** Three digits are what the measurement gives. */
const number = (value: number): string =>
  Number.isNaN(value) ? '–' : value >= 100 ? whole(value) : value.toPrecision(3)

const ratio = (value: number): string => (value < 0.1 ? value.toPrecision(1) : number(value))

/** The table of the comparison. */
export const comparisonTable = ({ comparison, titles }: Results): string => {
  const rows = comparison.map((one) => {
    const reference = (key: ContenderKey) =>
      comparison.find(
        ({ operation, connections, contender }) =>
          operation === one.operation && connections === one.connections && contender === key,
      )
    const [stock, bare] = [reference('stock'), reference('bare-express')]
    const cell = (pick: (of: Comparison) => number | null, isBetter: 'more' | 'less') => {
      const value = pick(one)
      if (value === null) return 'not known'
      const ratios = [stock, bare].map((other) => {
        const than = other ? (pick(other) ?? Number.NaN) : Number.NaN
        return `${ratio(isBetter === 'more' ? value / than : than / value)}×`
      })
      return `${number(value)} (${ratios.join(' · ')})`
    }
    return [
      `${OPERATION_TITLES[one.operation]}, ${one.connections} ${one.connections === 1 ? 'client' : 'clients'}`,
      titles[one.contender] ?? one.contender,
      cell(({ rate }) => rate, 'more'),
      cell(({ p50 }) => p50, 'less'),
      cell(({ p99 }) => p99, 'less'),
      cell(({ cpuPerRequest }) => cpuPerRequest, 'less'),
      whole(one.requests),
    ]
  })
  return table(['', '', 'requests/s', 'p50 ms', 'p99 ms', 'CPU ms a request', 'requests'], rows, 2)
}

const writesTable = ({ writes, titles }: Results): string =>
  table(
    ['', '201s in the rounds', 'still in the file', '201s before a kill -9', 'still in the file after it'],
    writes.map(({ contender, acknowledged, kept, burst, survived }) => [
      titles[contender] ?? contender,
      ...[acknowledged, kept, burst, survived].map(whole),
    ]),
  )

const growthTable = ({ growth, titles }: Results): string =>
  table(
    ['pets', '', 'GET by id/s', 'p50 ms', 'POST/s', 'p50 ms'],
    growth.map(({ contender, pets, get, post }) => [
      whole(pets),
      titles[contender] ?? contender,
      ...[get.rate, get.p50, post.rate, post.p50].map(number),
    ]),
    2,
  )

const jobsTable = ({ jobs, titles }: Results): string =>
  table(
    ['', 'creates', 'all jobs done after the last 201'],
    jobs.map(({ contender, creates, ms }) => [titles[contender] ?? contender, whole(creates), `${whole(ms)} ms`]),
  )

const startsTable = ({ starts, titles }: Results): string =>
  table(
    ['', 'spawn to first answer', 'starts', 'memory idle'],
    starts.map(({ contender, startupMs, idleMemory }) => [
      titles[contender] ?? contender,
      `${whole(median(startupMs))} ms`,
      whole(startupMs.length),
      `${whole(idleMemory)} MB`,
    ]),
  )

const enduranceLines = ({ endurance, titles }: Results): string =>
  endurance
    .map(({ contender, paceRequests, paces, memoryRequests, memory }) => {
      const pace = `p50 of each fifth of ${whole(paceRequests)} GET by id from the start: ${paces.map((p50) => p50.toFixed(2)).join(', ')} ms`
      const first = whole(memory[0] ?? Number.NaN)
      const rest = memory.slice(1).map(whole).join(', ')
      const after =
        memoryRequests > 0
          ? `${rest} MB after each fifth of ${whole(memoryRequests)} more (19 GET by id to 1 GET list)`
          : `${rest} MB after them`
      return `- ${titles[contender]}: ${pace}. Memory: ${first} MB idle, ${after}.`
    })
    .join('\n')

/** The whole report, as Markdown. */
export const report = (results: Results): string => {
  const { machine } = results
  const aims = checkAims(results).map(({ aim, measured, isMet }) => [aim, measured, isMet ? 'yes' : '**no**'])
  return `# Benchmarks

Written by \`npm run bench\`, numbers and all: run it to replace them by your own.

${machine.date}, Node ${machine.node}, ${machine.cores} cores (${machine.processor}), ${machine.memoryGb.toFixed(0)} GB; load average before
the run ${machine.loadBefore.toFixed(1)}. All contenders ran on this machine in one run, taking turns, each in production mode with its own data, its
output in a file; autocannon sent the requests. Failed requests in all of it: ${results.failures}.

- **this project**: \`npm start\`, steps in the server's process.
- **stock runner**: the same with \`PETS_STEP_RUNTIME=process\`: Motia's own runner, a Node process for each call of a step.
- **json-server** 0.17 over the same pets, without its request log. It has no jobs, and answers a write before it is on disk.
- **bare Express**: Express 4 with this project's store and schemas, and for POST the same BullMQ jobs. What this project
  costs beyond it is Motia.

## Aims

${table(['aim', 'measured', 'met'], aims, 3)}

## Side by side

100 pets. Medians of the rounds; in brackets how many times better than the stock runner · than bare Express (more than 1 is
better, also for times). CPU is that of the server's process and its children, jobs included, without Redis: other load on
the machine hardly changes it.

${comparisonTable(results)}

## Acknowledged writes

Creates answered by a 201, and how many of them the file held afterwards: when all was quiet after each round, and when the
server was killed at the last answer of a burst from 10 clients.

${writesTable(results)}

## Growth

10 clients. The stock runner is left out: each of its calls reads the whole file anew.

${growthTable(results)}

## Jobs

${jobsTable(results)}

## Start-up and memory

${startsTable(results)}

${enduranceLines(results)}
`
}
