import { StoreError } from '../store'

/** What a failed system call means for the store; a `StoreError` stays what it is. */
export function toStoreError(cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new StoreError('STORE_FULL', 'There is no space left to store the change', { cause })
  }
  // Not the error's own message: it holds the path.
  return new StoreError('STORE_UNAVAILABLE', `The data file cannot be used (${code ?? 'internal error'})`, { cause })
}
