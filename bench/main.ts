import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../tests/support/server'
import { endAll } from './contenders/server-process'
import { report } from './report'
import { FULL, QUICK, runBenchmark } from './run'
import { FULL_SCALE, QUICK_SCALE, runScale } from './scale'
import { scaleSection, splitSection } from './scale-report'

const USAGE = `Usage: npm run bench [-- --quick] [-- --scale] [-- --json FILE]
Measures the pet store against Fastify with PostgreSQL and against json-server, and writes docs/benchmarks.md.
  --quick      a short form that takes seconds and writes no documentation
  --scale      measures one, two and four instances on one Redis instead: a section of its own
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

const main = async (): Promise<void> => {
  const written = splitSection(existsSync(DOCS) ? readFileSync(DOCS, 'utf8') : '')
  const { results, page, text } = values.scale ? await measureScale(written.page) : await measure(written.section)
  console.log(text)
  if (!values.quick) writeFileSync(DOCS, page)
  if (values.json) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`)
  if (results.failures > 0) throw new Error(`${results.failures} requests failed`)
}

const measure = async (section: string) => {
  const results = await runBenchmark(values.quick ? QUICK : FULL)
  const text = report(results)
  return { results, text, page: section ? `${text}\n${section}` : text }
}

const measureScale = async (page: string) => {
  const results = await runScale(values.quick ? QUICK_SCALE : FULL_SCALE)
  const text = scaleSection(results)
  return { results, text, page: `${page}\n${text}` }
}

/** How long servers may take to end after a Ctrl-C, in ms. They and their folders end with this process anyway. */
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
      // Do not report failures that are due to a stopped server.
      if (isAbandoned) return
      console.error(`\n✗ ${error instanceof Error ? error.message : error}`)
      process.exit(1)
    },
  )
}
