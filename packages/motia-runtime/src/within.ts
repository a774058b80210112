/** What the promise comes to, or a rejection with what `makeError` makes where that takes longer than `ms`. */
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
