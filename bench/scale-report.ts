import { CLIENTS, PAGE, type ScaleOperation, type ScaleResults } from './scale'
import { number, table } from './table'

/** How the section begins. It is the last one of its file. */
const HEADING = '## More than one instance, over Redis'

const TITLES: Record<ScaleOperation, string> = {
  GET: 'GET by id',
  page: `GET, a page of ${PAGE}`,
  PUT: 'PUT',
  POST: 'POST',
}

const whole = (value: number): string => Math.round(value).toLocaleString('en')

/** The section of `docs/benchmarks.md`. */
export const scaleSection = ({ machine, rounds, memory, failures }: ScaleResults): string => {
  const rows = rounds.map((one) => [
    ...[
      TITLES[one.operation],
      whole(one.instances),
      whole(one.pets),
      number(one.rate),
      number(one.p50),
      number(one.p99),
    ],
    ...[whole(one.serverCpu * 1_000), whole(one.redisCpu * 1_000)],
  ])
  const sizes = new Map(memory.map(({ pets, mb }) => [pets, `${whole(mb)} MB with ${whole(pets)} pets`]))
  return `${HEADING}

\`npm run bench -- --scale\`, ${machine.date}, Node ${machine.node}, ${machine.cores} cores (${machine.processor}); load average before the run:
${machine.loadBefore.toFixed(1)}. ${CLIENTS} clients are spread over the instances. Instances, clients and Redis share the machine's cores, so compare the CPU
time per request. It includes the jobs of the request. Redis syncs its append-only file every second, and uses
${[...sizes.values()].join(', ')}. Failed requests: ${failures}.

${table(['', 'instances', 'pets', 'per s', 'p50 ms', 'p99 ms', 'instances: µs CPU', 'Redis: µs CPU'], rows)}
`
}

/** Splits `docs/benchmarks.md` into the page before that section, and the section; empty if it has none. */
export const splitSection = (text: string): { page: string; section: string } => {
  const start = text.indexOf(HEADING)
  return start < 0
    ? { page: text, section: '' }
    : { page: `${text.slice(0, start).trimEnd()}\n`, section: text.slice(start) }
}
