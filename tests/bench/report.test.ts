import { expect, test } from 'vitest'
import type { Comparison, Measurement } from '../../bench/comparison'
import { report } from '../../bench/report'
import { describeMachine, type Results } from '../../bench/results'
import { scaleSection, splitSection } from '../../bench/scale-report'
import { checkTargets } from '../../bench/targets'

const measurement = (contender: Measurement['contender'], fields: Partial<Measurement> = {}): Measurement => ({
  ...{ contender, pets: 100, operation: 'POST', clients: 10, requests: 1_000 },
  ...{ rate: 1_000, p50: 5, p99: 20, rateWithJobs: null, ...fields },
})

const comparisonOf = (...measurements: Measurement[]): Comparison => ({
  measurements,
  starts: measurements.map(({ contender, pets }) => ({ contender, pets, startupMs: 900, memoryMb: 120 })),
  absent: [],
  failures: 0,
})

const resultsOf = (fields: Partial<Results>): Results => ({
  ...{ machine: describeMachine(), titles: { embedded: 'pet store', peer: 'peer' } },
  ...{ comparison: comparisonOf(), stock: comparisonOf(), growth: comparisonOf(), syncs: [], failures: 0 },
  ...{ restart: { pets: 100_000, journalKb: 3_000, ms: 1_500 }, ...fields },
})

const target = (results: Results, row: string, column: string) =>
  checkTargets(results)
    .flatMap(({ targets }) => targets)
    .find((target) => target.row === row && target.column.includes(column))

test.each([
  [2_000, true],
  [1_999, false],
])("When POST with 10 clients is %i against the peer's 1,000, then twice the rate is met: %s", (rate, isMet) => {
  const comparison = comparisonOf(measurement('embedded', { rate }), measurement('peer'))
  expect(target(resultsOf({ comparison }), 'POST', '10 clients: rate ≥ 2×')).toMatchObject({ isMet })
})

test.each([
  [2.5, true],
  [2.6, false],
])("When a lone POST takes %d ms against the peer's 5, then half of its p50 is met: %s", (p50, isMet) => {
  const comparison = comparisonOf(measurement('embedded', { clients: 1, p50 }), measurement('peer', { clients: 1 }))
  expect(target(resultsOf({ comparison }), 'POST', '1 client: p50 ≤')).toMatchObject({ isMet })
})

test.each([
  [7.5, true],
  [7.6, false],
])('When a lone POST takes %d ms at 100,000 pets against 5 at 100, then 1.5 times is met: %s', (p50, isMet) => {
  const at = (pets: number, ms: number) => measurement('embedded', { pets, clients: 1, p50: ms })
  expect(
    target(resultsOf({ growth: comparisonOf(at(100, 5), at(100_000, p50)) }), 'POST', '1 client, 100,000 pets: p50'),
  ).toMatchObject({ isMet })
})

test('When the peer did not run, then the page says why, and its targets are neither met nor missed', () => {
  const comparison = {
    ...comparisonOf(measurement('embedded')),
    absent: [{ title: 'peer', reason: 'no initdb\nat x' }],
  }
  const results = resultsOf({ comparison })
  expect(report(results)).toContain('- Not run: peer (no initdb)\n')
  expect(target(results, 'POST', '10 clients: rate ≥ 2×')).toMatchObject({
    measured: 'not measured',
    isMet: null,
  })
})

test('When a target is missed, then its table has the figure in bold', () => {
  const comparison = comparisonOf(
    ...[measurement('embedded', { rate: 2_000 }), measurement('embedded', { clients: 50, rate: 2_000 })],
    ...[measurement('peer'), measurement('peer', { clients: 50 })],
  )
  expect(report(resultsOf({ comparison }))).toMatch(/\| POST +\| +not measured \| +2\.00× \| +\*\*2\.00×\*\* \|/)
})

test('When syncs could not be counted, then the page says why', () => {
  expect(report(resultsOf({ syncs: 'install strace' }))).toContain('not measured: install strace')
})

test('When the page is written again, then the section from --scale stays', () => {
  const section = scaleSection({ machine: describeMachine(), rounds: [], memory: [], failures: 0 })
  expect(splitSection(`# Benchmarks\n\n${section}`)).toEqual({ page: '# Benchmarks\n', section })
  expect(splitSection('# Benchmarks\n')).toEqual({ page: '# Benchmarks\n', section: '' })
})
