import { FLEET_PETS, fleetTitle, type ScaleResults } from './scale'
import { PAGE, type ScaleOperation } from './scale-round'
import { table } from './table'

/** What the section begins with; it is the last of its file. */
const HEADING = '## More than one instance, over Redis'

const TITLES: Record<ScaleOperation, string> = {
  get: 'GET by id',
  page: `GET, a page of ${PAGE}`,
  put: 'PUT',
  post: 'POST',
}

const whole = (value: number): string => Math.round(value).toLocaleString('en')
const ms = (value: number): string => (value >= 100 ? whole(value) : value.toPrecision(3))
const micros = (value: number): string => whole(value * 1_000)

/** The section of `docs/benchmarks.md`. */
export const scaleSection = ({ machine, fleet, sizes, failures }: ScaleResults): string => {
  const fleetRows = fleet.map((round) => [
    TITLES[round.operation],
    fleetTitle(round),
    ...[whole(round.rate), ms(round.p50), ms(round.p99)],
    ...[micros(round.serverCpu), micros(round.redisCpu), whole(round.requests)],
  ])
  const sizeRows = sizes.map(({ pets, rounds, reaperMs, slowestGet, memory }) => [
    whole(pets),
    ...rounds.flatMap(({ rate, p50 }) => [whole(rate), ms(p50)]),
    ...[(reaperMs / 1_000).toFixed(2), ms(slowestGet), whole(memory)],
  ])
  return `${HEADING}

Written by \`npm run bench -- --scale\`. ${machine.date}, Node ${machine.node}, ${machine.cores} cores (${machine.processor}); load average before the
run ${machine.loadBefore.toFixed(1)}. One redis-server (append-only file, fsync every second), the instances and the clients share this one
machine, so more instances share its cores rather than add any: what adds up on other machines is the CPU time a request
takes. Failed requests in all of it: ${failures}.

20 clients in all, spread over the instances; ${whole(FLEET_PETS)} pets. CPU times hold all that a request brings about: for POST its
job, both audit lines and its traces, in all instances and in Redis.

${table(['', '', 'requests/s', 'p50 ms', 'p99 ms', 'instances µs a request', 'Redis µs a request', 'requests'], fleetRows, 2)}

One instance, more and more pets. The reaper looks at every pet, none of which is due, from a process of its own; the slowest GET by
id meanwhile is beside it.

${table(['pets', 'GET by id/s', 'p50 ms', `page of ${PAGE}/s`, 'p50 ms', 'POST/s', 'p50 ms', 'reaper s', 'slowest GET ms', 'Redis MB'], sizeRows, 0)}
`
}

/** A text of `docs/benchmarks.md` with that section in the place of the one it has, if any, or at its end. */
export const withScaleSection = (text: string, section: string): string => {
  const before = text.split(HEADING)[0]?.trimEnd() ?? ''
  return `${before}\n\n${section}`.trimStart()
}

/** The section that a text of `docs/benchmarks.md` has; null where it has none. */
export const scaleSectionOf = (text: string): string | null => {
  const start = text.indexOf(HEADING)
  return start < 0 ? null : text.slice(start)
}
