import { join } from 'node:path'
import { writeFeatures } from './step-files'

try {
  const changed = writeFeatures(join(import.meta.dirname, '../..'))
  console.info(changed.length > 0 ? `Written:\n  ${changed.join('\n  ')}` : 'Every range is right already')
} catch (error) {
  console.error(`✗ ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}
