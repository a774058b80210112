// A process that appends to an audit trail until it is done or killed: audit-writer.ts <file> <name> [<count>]
// It notes the number of each entry that was acknowledged, at once, in <file>.<name>: a pipe that nobody empties would fill.
import { appendFileSync } from 'node:fs'
import { AuditLog } from '../../src/audit/audit-log'

const [file = '', name = '', count = 'Infinity'] = process.argv.slice(2)
const log = new AuditLog(file)

// Four at a time, so that turns carry several lines, of sizes that differ.
for (let number = 0; number < Number(count); number += 4) {
  const numbers = [0, 1, 2, 3].map((offset) => number + offset)
  await Promise.all(
    numbers.map(async (entry) => {
      const data = { petId: `${name}-${entry}`, padding: 'x'.repeat((entry * 37) % 900) }
      await log.append({ topic: 'test', traceId: name, data })
      appendFileSync(`${file}.${name}`, `${entry}\n`)
    }),
  )
}
