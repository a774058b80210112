import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { embedded } from '../../bench/contenders/pet-store'
import { measureRestart } from '../../bench/restart'
import type { Results } from '../../bench/results'
import type { ScaleResults } from '../../bench/scale'
import { countSyncs } from '../../bench/syncs'
import { startChild } from '../support/child'
import { ROOT } from '../support/server'
import { makeTempDir } from '../support/temp-dir'

const TIMEOUT_MS = 30_000
const DOCS = join(ROOT, 'docs', 'benchmarks.md')

/** Runs the benchmark's short form, which must leave the documentation alone, and returns what it wrote and printed. */
const runQuick = async (...flags: string[]): Promise<{ json: string; output: string }> => {
  const before = readFileSync(DOCS, 'utf8')
  const file = join(makeTempDir('pet-store-bench-test-'), 'results.json')
  const command = ['npm', 'run', 'bench', '--', '--quick', '--json', file, ...flags]
  const bench = startChild(command, { cwd: ROOT, env: process.env })
  const { code } = await bench.exited
  expect(code, bench.output()).toBe(0)
  expect(readFileSync(DOCS, 'utf8')).toBe(before)
  return { json: readFileSync(file, 'utf8'), output: bench.output() }
}

test(
  'When the short form runs, then every contender responds to every request and the tables are printed',
  async () => {
    const { json, output } = await runQuick()
    const { comparison, failures }: Results = JSON.parse(json)
    expect(failures).toBe(0)
    expect(comparison.absent).toEqual([])
    expect(comparison.starts.map(({ contender }) => contender)).toEqual(['embedded', 'redis', 'peer', 'json-server'])
    expect(comparison.measurements).toHaveLength(16)
    for (const { rate, p99 } of comparison.measurements) {
      expect(rate).toBeGreaterThan(0)
      expect(p99).toBeGreaterThan(0)
    }
    expect(output).toMatch(/\| POST, 4 clients: per s +\|( +[\d.,]+ \|){4}/)
    expect(output).toMatch(/\| against the peer +\| 1 client: p50 ≤ 0\.5× \|/)
  },
  TIMEOUT_MS,
)

test(
  'When the short form of --scale runs, then both instances respond to every request',
  async () => {
    const { json, output } = await runQuick('--scale')
    const { rounds, failures }: ScaleResults = JSON.parse(json)
    expect(failures).toBe(0)
    expect(rounds.map(({ operation }) => operation)).toEqual(['GET', 'page', 'PUT', 'POST'])
    for (const { rate, instances } of rounds) {
      expect(rate).toBeGreaterThan(0)
      expect(instances).toBe(2)
    }
    expect(output).toMatch(/\| POST +\| +2 \|/)
  },
  TIMEOUT_MS,
)

test(
  'When a server with changes in its journal is killed, then the time of its restart is measured',
  async () => {
    const { ms, journalKb } = await measureRestart(1_000, 200)
    expect(ms).toBeGreaterThan(0)
    expect(journalKb).toBeGreaterThan(0)
  },
  TIMEOUT_MS,
)

test(
  'When syncs are counted, then each create of a lone client has at least one',
  async () => {
    const syncs = await countSyncs([embedded], 50)
    expect(syncs).toMatchObject([
      { contender: 'embedded', clients: 1 },
      { contender: 'embedded', clients: 10 },
    ])
    expect(typeof syncs === 'string' ? 0 : syncs[0]?.perCreate).toBeGreaterThanOrEqual(1)
  },
  TIMEOUT_MS,
)
