// Loaded into a server by --import: its clock is ahead by as many ms as the file CLOCK_OFFSET_FILE says.
import { readFileSync } from 'node:fs'

const RealDate = Date
let offset = 0

const readOffset = () => {
  try {
    offset = Number(readFileSync(process.env.CLOCK_OFFSET_FILE ?? '', 'utf8'))
  } catch {
    offset = 0
  }
}
readOffset()
setInterval(readOffset, 20).unref()

globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + offset)
    else super(...args)
  }

  static now() {
    return RealDate.now() + offset
  }
}
