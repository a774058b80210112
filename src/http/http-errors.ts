import type { ApiMiddleware, ApiResponse } from 'motia'
import { KeyReusedError, PetChangedError, PetNotFoundError } from '../pets/pet'
import { StoreError } from '../store/store'
import { InvalidPayloadError } from './errors'

const STORE_STATUS = { STORE_INVALID: 503, STORE_FULL: 507, STORE_UNAVAILABLE: 503 } as const

/** Returns the response to an error of a handler; null for a bug. */
const answerTo = (error: unknown): ApiResponse<number, unknown> | null => {
  if (error instanceof InvalidPayloadError) {
    return { status: 400, body: { message: error.message, issues: error.issues } }
  }
  if (error instanceof PetNotFoundError) return { status: 404, body: { message: error.message } }
  if (error instanceof PetChangedError) return { status: 412, body: { message: error.message } }
  if (error instanceof KeyReusedError) return { status: 422, body: { message: error.message } }
  if (error instanceof StoreError) return { status: STORE_STATUS[error.code], body: { message: error.message } }
  return null
}

/**
 * Middleware that turns a handler's errors into responses. Clients get the message of errors that they can fix. Errors
 * of the store are also logged. Other errors are logged completely and become a 500 without details.
 */
export const httpErrors: ApiMiddleware<unknown, never, unknown> = async (_request, { logger }, next) => {
  try {
    return await next()
  } catch (error) {
    const answer = answerTo(error)
    if (error instanceof StoreError) logger.error(error.message, { code: error.code, error: error.cause ?? error })
    if (answer) return answer
    logger.error('Unexpected error', { error })
    return { status: 500, body: { message: 'Internal server error' } }
  }
}
