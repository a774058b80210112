import { join } from 'node:path'
import { writeFeatures } from './step-files'

try {
  const changed = writeFeatures(join(import.meta.dirname, '../..'))
  console.info(changed.length > 0 ? `Written:\n  ${changed.join('\n  ')}` : 'All line ranges are up to date')
} catch (error) {
  console.error(`✗ ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}
