const ALPHABET = 'ABCDEFGHJKMNPQRSTUVWXYZ123456789'

/** A trace id in Motia's form (`generateTraceId` of its core): five characters, a dash, seven digits of the time. */
export const newTraceId = (): string => {
  const code = Array.from({ length: 5 }, () => ALPHABET[Math.floor(Math.random() * ALPHABET.length)]).join('')
  return `${code}-${String(Date.now()).slice(6)}`
}
