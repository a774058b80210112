import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../tests/support/server'
import { endAll } from './contenders/server-process'
import { FULL, QUICK, runBenchmark } from './full-run'
import { comparisonTable, report } from './report'
import { FULL_SCALE, QUICK_SCALE, runScale } from './scale'
import { scaleSection, scaleSectionOf, withScaleSection } from './scale-report'

const USAGE = `npm run bench [-- --quick] [-- --scale] [-- --json FILE]
Measures this project against Motia's stock runner, json-server and bare Express, and writes docs/benchmarks.md.
  --quick      a short form of some twenty seconds, of --scale too, which writes no documentation
  --scale      measures one, two and four instances over Redis instead, and up to a million pets: a section of its own
  --json FILE  also writes the results as JSON`

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    scale: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean' },
  },
})

const DOCS = join(ROOT, 'docs', 'benchmarks.md')

const writeDocs = (text: string): void => {
  mkdirSync(join(ROOT, 'docs'), { recursive: true })
  writeFileSync(DOCS, text)
}

const finish = (results: { failures: number }): void => {
  if (values.json) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`)
  if (results.failures > 0) throw new Error(`${results.failures} requests failed`)
}

const main = async (): Promise<void> => {
  const written = existsSync(DOCS) ? readFileSync(DOCS, 'utf8') : ''
  if (values.scale) {
    const results = await runScale(values.quick ? QUICK_SCALE : FULL_SCALE)
    const section = scaleSection(results)
    console.log(section)
    if (!values.quick) writeDocs(withScaleSection(written, section))
    return finish(results)
  }
  const results = await runBenchmark(values.quick ? QUICK : FULL)
  if (values.quick) {
    console.log(comparisonTable(results))
  } else {
    const text = report(results)
    console.log(text)
    // The other section stays as it was measured last.
    const section = scaleSectionOf(written)
    writeDocs(section ? withScaleSection(text, section) : text)
  }
  finish(results)
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
