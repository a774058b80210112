/** One log line of a step, as the server prints it. */
export interface PrintedLine {
  traceId: string
  level: string
  step: string
  /** Message and details. */
  text: string
}

const LINE = /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d] (?<traceId>\S+) \[(?<level>[A-Z]+)] (?<step>\S+) (?<text>.*)$/

/** The steps' log lines in what a server has printed. */
export const logLines = (output: string): PrintedLine[] =>
  output.split('\n').flatMap((line) => {
    const { traceId = '', level = '', step = '', text = '' } = LINE.exec(line)?.groups ?? {}
    return traceId ? [{ traceId, level, step, text }] : []
  })
