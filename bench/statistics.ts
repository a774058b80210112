/** The value below which the share `q` (0 to 1) of the values lies; NaN where there are none. */
export const quantile = (values: readonly number[], q: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

/** The middle of the values. */
export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** The sum of the values. */
export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
