const RANKS = { debug: 10, info: 20, warn: 30, error: 40 } as const

/** The level of a log line. */
export type Level = keyof typeof RANKS

let threshold: number = RANKS.info

/** Whether a value is a level. */
export const isLevel = (value: unknown): value is Level => typeof value === 'string' && Object.hasOwn(RANKS, value)

/** Leaves out all lines below that level from now on. Without it that is `info`. */
export const setLogLevel = (level: Level): void => {
  threshold = RANKS[level]
}

/** Whether lines of that level are printed and kept. */
export const isLogged = (level: Level): boolean => RANKS[level] >= threshold
