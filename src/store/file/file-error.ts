import { hasCode } from 'motia-runtime'
import { StoreError } from '../store'

/** Whether a system call failed because the disk, or the user's share of it, is full. */
export const isFull = (error: unknown): boolean => hasCode(error, 'ENOSPC', 'EDQUOT')

/** Returns the error of a full disk. */
export const noSpace = (cause?: unknown): StoreError =>
  new StoreError('STORE_FULL', 'There is no space left to store the change', { cause })

/** Returns what a failed system call means for the store; a `StoreError` stays what it is. */
export function toStoreError(cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause
  if (isFull(cause)) return noSpace(cause)
  const code = cause instanceof Error && 'code' in cause ? cause.code : 'internal error'
  // Not the error's own message: it holds the path.
  return new StoreError('STORE_UNAVAILABLE', `The data file cannot be used (${code})`, { cause })
}
