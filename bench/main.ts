import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../tests/support/server'
import { FULL, QUICK, runBenchmark } from './full-run'
import { comparisonTable, report } from './report'

const USAGE = `npm run bench [-- --quick] [-- --json FILE]
Measures this project against Motia's stock runner, json-server and bare Express, and writes docs/benchmarks.md.
  --quick      a short form of some twenty seconds, which writes no documentation
  --json FILE  also writes the results as JSON`

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'string' }, help: { type: 'boolean' } },
})

const main = async (): Promise<void> => {
  const results = await runBenchmark(values.quick ? QUICK : FULL)
  if (values.json) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`)
  if (values.quick) {
    console.log(comparisonTable(results))
  } else {
    const text = report(results)
    console.log(text)
    mkdirSync(join(ROOT, 'docs'), { recursive: true })
    writeFileSync(join(ROOT, 'docs', 'benchmarks.md'), text)
  }
  if (results.failures > 0) throw new Error(`${results.failures} requests failed`)
}

// Servers and temporary folders go when this process exits.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

if (values.help) {
  console.log(USAGE)
} else {
  main().then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(`\n✗ ${error instanceof Error ? error.message : error}`)
      process.exit(1)
    },
  )
}
