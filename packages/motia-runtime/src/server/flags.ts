import { parseArgs } from 'node:util'

const OPTIONS = {
  port: { type: 'string', short: 'p' },
  host: { type: 'string', short: 'H' },
} as const

/**
 * Returns Motia's own options as environment variables: `-p 4210`, `-p4210`, `--port 4210`, `--port=4210`, and likewise
 * `-H` and `--host`. Throws a one-line error for any other argument, unless `strict` is false.
 */
export const environmentOf = (args: string[], { strict = true } = {}): { PORT?: string; HOST?: string } => {
  const { values } = read(args, strict)
  const { port, host } = values
  return {
    ...(typeof port === 'string' && { PORT: port }),
    ...(typeof host === 'string' && { HOST: host }),
  }
}

const read = (args: string[], strict: boolean) => {
  try {
    return parseArgs({ args, options: OPTIONS, strict })
  } catch {
    throw new Error(`${args.join(' ')}: the only options are --port (-p) and --host (-H), each with a value`)
  }
}
