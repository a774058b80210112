import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../tests/support/server'
import { endAll } from './contenders/server-process'
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

/** How long servers may take to end after a Ctrl-C, in ms. They and the temporary folders go with this process anyway. */
const PATIENCE_MS = 5_000

let isAbandoned = false
const abandon = (): void => {
  isAbandoned = true
  process.stderr.write('\n')
  setTimeout(() => process.exit(130), PATIENCE_MS)
  void endAll().finally(() => process.exit(130))
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, abandon)

if (values.help) {
  console.log(USAGE)
} else {
  main().then(
    () => process.exit(0),
    (error: unknown) => {
      // What fails because its server was told to end is no news.
      if (isAbandoned) return
      console.error(`\n✗ ${error instanceof Error ? error.message : error}`)
      process.exit(1)
    },
  )
}
