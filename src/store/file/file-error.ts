import { hasCode } from 'motia-runtime'
import { StoreError } from '../store'

/** Returns whether a system call failed because the disk, or the user's quota, is full. */
export const isFull = (error: unknown): boolean => hasCode(error, 'ENOSPC', 'EDQUOT')

/** Returns the error for a full disk. */
export const noSpace = (cause?: unknown): StoreError =>
  new StoreError('STORE_FULL', 'There is no space left to store the change', { cause })

/** Returns the `StoreError` for a failed system call. Returns a `StoreError` unchanged. */
export function toStoreError(cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause
  if (isFull(cause)) return noSpace(cause)
  const code = cause instanceof Error && 'code' in cause ? cause.code : 'internal error'
  // The error's own message contains the path.
  return new StoreError('STORE_UNAVAILABLE', `The data file cannot be used (${code})`, { cause })
}
