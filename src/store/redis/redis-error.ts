import { StoreError } from '../store'

/** Returns what a failed command of Redis means for the store; a `StoreError` stays as it is. */
export function redisStoreError(cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause
  const { name = '', message: ownMessage = '' } = cause instanceof Error ? cause : {}
  // A transaction that was given up tells why in the errors of its commands.
  const message = [ownMessage, ...previousErrorsOf(cause)].join(' ')
  const fail = (code: 'STORE_FULL' | 'STORE_UNAVAILABLE', text: string) => new StoreError(code, text, { cause })
  if (/\bCOPYING\b/.test(message)) return fail('STORE_UNAVAILABLE', 'The pets are being copied into Redis')
  if (/\bNOIDS\b/.test(message)) return fail('STORE_FULL', 'There are no ids left')
  if (/\bOOM\b/.test(message)) return fail('STORE_FULL', 'Redis has no memory left to store the change')
  if (/\bMISCONF\b/.test(message)) return fail('STORE_FULL', 'Redis cannot write to its disk and takes no changes')
  if (name === 'ReplyError') {
    // Not the message itself: it may name hosts. Its first word is Redis's code for the error.
    return fail('STORE_UNAVAILABLE', `Redis, where the pets are kept, refuses (${ownMessage.split(' ')[0]})`)
  }
  if (ownMessage === 'Command timed out') {
    return fail('STORE_UNAVAILABLE', 'Redis, where the pets are kept, does not respond')
  }
  return fail('STORE_UNAVAILABLE', 'Redis, where the pets are kept, cannot be reached')
}

const previousErrorsOf = (cause: unknown): string[] => {
  const errors = Object(cause).previousErrors
  return Array.isArray(errors) ? errors.map(String) : []
}
