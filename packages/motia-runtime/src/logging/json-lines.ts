import type { LogLine } from './console-lines'

/** What pino itself puts into each line. */
const OWN_FIELDS = ['level', 'time', 'msg']

/**
 * Returns a function that passes log lines to `write`, each as one JSON object. Members of the details that are named like the
 * line's own fields are left out. Loads pino, which servers that print text do without.
 */
export const openJsonLines = async (write: (text: string) => void): Promise<(line: LogLine) => void> => {
  const { pino } = await import('pino')
  const logger = pino(
    {
      base: null,
      level: 'debug',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      serializers: { error: pino.stdSerializers.err, err: pino.stdSerializers.err },
    },
    { write },
  )
  return ({ level, traceId, step, message, details }) => {
    const fields: Record<string, unknown> = { ...details, traceId, step }
    for (const name of OWN_FIELDS) if (name in fields) delete fields[name]
    logger[level](fields, message)
  }
}
