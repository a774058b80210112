const ALPHABET = 'ABCDEFGHJKMNPQRSTUVWXYZ123456789'

/**
 * Returns a trace id in Motia's form (`generateTraceId` of its core): five characters, a dash, seven digits of the
 * time.
 */
export const newTraceId = (): string => {
  let code = ''
  while (code.length < 5) code += ALPHABET[Math.floor(Math.random() * ALPHABET.length)]
  return `${code}-${String(Date.now()).slice(6)}`
}

/** The header of W3C Trace Context: version, trace id, parent id, flags. Later versions may append more. */
const TRACEPARENT = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}(-.*)?$/

/** Returns the trace id in a request's `traceparent` header; a new one if the header is missing or invalid. */
export const traceIdOf = (traceparent: string | string[] | undefined): string => {
  const found = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent) : null
  const [, version, traceId, more] = found ?? []
  const isValid = traceId !== undefined && (version !== '00' || more === undefined)
  return isValid ? traceId : newTraceId()
}
