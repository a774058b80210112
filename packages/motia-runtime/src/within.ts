/** Resolves like `promise`, or rejects with `makeError()` after `ms`. */
export const within = async <T>(promise: Promise<T>, ms: number, makeError: () => Error): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(makeError()), ms).unref()
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
