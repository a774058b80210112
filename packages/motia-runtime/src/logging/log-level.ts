const RANKS = { debug: 10, info: 20, warn: 30, error: 40 } as const

/** The level of a log line. */
export type Level = keyof typeof RANKS

let threshold: number = RANKS.info

/** Returns whether a value is a level. */
export const isLevel = (value: unknown): value is Level => typeof value === 'string' && Object.hasOwn(RANKS, value)

/** Sets the lowest level of all further lines. The initial level is `info`. */
export const setLogLevel = (level: Level): void => {
  threshold = RANKS[level]
}

/** Returns whether lines of that level are printed and kept. */
export const isLogged = (level: Level): boolean => RANKS[level] >= threshold
