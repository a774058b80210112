import { StoreError, type StoreErrorCode } from '../store'

/**
 * Returns the `StoreError` for a failed Redis command. Returns a `StoreError` unchanged. Removes the command from the
 * cause, which is logged: a command may contain hundreds of pets.
 */
export function redisStoreError(cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause
  if (cause instanceof Error) Reflect.deleteProperty(cause, 'command')
  const { name = '', message: ownMessage = '' } = cause instanceof Error ? cause : {}
  // If a transaction fails, the errors of its commands have the reason.
  const message = [ownMessage, ...previousErrorsOf(cause)].join(' ')
  const fail = (code: StoreErrorCode, text: string) => new StoreError(code, text, { cause })
  if (/\bCOPYING\b/.test(message)) return fail('STORE_UNAVAILABLE', 'The pets are being copied into Redis')
  if (/\bNOIDS\b/.test(message)) return fail('STORE_FULL', 'There are no ids left')
  if (/\bOOM\b/.test(message)) return fail('STORE_FULL', 'Redis has no memory left to store the change')
  if (/\bMISCONF\b/.test(message)) return fail('STORE_FULL', 'Redis cannot write to its disk and refuses changes')
  const unavailable = (problem: string) => fail('STORE_UNAVAILABLE', `Redis, where the pets are kept, ${problem}`)
  // The message itself may name hosts. Its first word is Redis's error code.
  if (name === 'ReplyError') return unavailable(`refuses the command (${ownMessage.split(' ')[0]})`)
  return unavailable(ownMessage === 'Command timed out' ? 'does not respond' : 'cannot be reached')
}

const previousErrorsOf = (cause: unknown): string[] =>
  cause instanceof Error && 'previousErrors' in cause && Array.isArray(cause.previousErrors)
    ? cause.previousErrors.map(String)
    : []
