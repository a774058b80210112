import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Results } from '../../bench/results'
import type { ScaleResults } from '../../bench/scale'
import { startChild } from '../support/child'
import { ROOT } from '../support/server'
import { makeTempDir } from '../support/temp-dir'

/** Some fifteen seconds on a machine of its own; how much longer among other tests depends on them. */
const TIMEOUT_MS = 240_000

describe('when the short form of the benchmark runs', () => {
  let results: Results
  let output = ''
  const docs = join(ROOT, 'docs', 'benchmarks.md')
  const before = readFileSync(docs, 'utf8')

  beforeAll(async () => {
    const file = join(makeTempDir('pet-store-bench-test-'), 'results.json')
    const bench = startChild(['npm', 'run', 'bench', '--', '--quick', '--json', file], { cwd: ROOT, env: process.env })
    const { code } = await bench.exited
    output = bench.output()
    expect(code, output).toBe(0)
    results = JSON.parse(readFileSync(file, 'utf8'))
  }, TIMEOUT_MS)

  const rateOf = (contender: string, operation: string): number =>
    results.comparison.find((one) => one.contender === contender && one.operation === operation)?.rate ?? 0

  test.each(['in-process', 'stock', 'json-server', 'bare-express'])('%s answers every request', (contender) => {
    expect(rateOf(contender, 'get')).toBeGreaterThan(0)
    expect(rateOf(contender, 'post')).toBeGreaterThan(0)
    expect(results.failures).toBe(0)
  })

  test.each(['in-process', 'stock', 'bare-express'])('%s loses no acknowledged write, not even by a kill -9', (key) => {
    const writes = results.writes.find(({ contender }) => contender === key)
    expect(writes?.acknowledged).toBeGreaterThan(0)
    expect(writes?.kept).toBe(writes?.acknowledged)
    expect(writes?.burst).toBeGreaterThan(0)
    expect(writes?.survived).toBe(writes?.burst)
  })

  test('json-server has every acknowledged write in its file once it is left alone', () => {
    const writes = results.writes.find(({ contender }) => contender === 'json-server')
    expect(writes?.kept).toBe(writes?.acknowledged)
  })

  test('a GET by id is at least 20 times as fast in process as on the stock runner', () => {
    expect(rateOf('in-process', 'get')).toBeGreaterThan(20 * rateOf('stock', 'get'))
  })

  test('the table is printed, and the documentation stays as it is', () => {
    expect(output).toMatch(/\| GET by id, 4 clients \| this project +\|/)
    expect(readFileSync(docs, 'utf8')).toBe(before)
  })
})

test(
  'When the short form of --scale runs, then every request is answered, and the documentation stays as it is',
  async () => {
    const docs = join(ROOT, 'docs', 'benchmarks.md')
    const before = readFileSync(docs, 'utf8')
    const file = join(makeTempDir('pet-store-bench-test-'), 'results.json')
    const flags = ['--quick', '--scale', '--json', file]
    const bench = startChild(['npm', 'run', 'bench', '--', ...flags], { cwd: ROOT, env: process.env })
    const { code } = await bench.exited
    expect(code, bench.output()).toBe(0)
    const { fleet, sizes, failures }: ScaleResults = JSON.parse(readFileSync(file, 'utf8'))
    expect(failures).toBe(0)
    expect(fleet.map(({ operation }) => operation)).toEqual(['get', 'page', 'put', 'post'])
    for (const round of [...fleet, ...sizes.flatMap(({ rounds }) => rounds)]) expect(round.rate).toBeGreaterThan(0)
    expect(sizes).toMatchObject([{ pets: 2_000, reaperMs: expect.any(Number), memory: expect.any(Number) }])
    expect(bench.output()).toMatch(/\| POST +\| 2 instances \|/)
    expect(readFileSync(docs, 'utf8')).toBe(before)
  },
  TIMEOUT_MS,
)
