/** Runs `work` without the warnings of its servers, of which it starts thousands. */
export const quietly = async <T>(work: () => Promise<T>): Promise<T> => {
  const { info, warn, error } = console
  Object.assign(console, { info: () => {}, warn: () => {}, error: () => {} })
  try {
    return await work()
  } finally {
    Object.assign(console, { info, warn, error })
  }
}
