const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|-?\d[\d.eE+-]*/g

/** How many digits of a number are always exact. */
const EXACT_DIGITS = 15

/**
 * Returns the first problem of a valid JSON text that `JSON.parse` would silently accept, with its path (`pets.1.name:
 * …`): a key that an object has twice, or a number with more digits than JavaScript keeps. Returns null if there is
 * none.
 */
export function findJsonTrap(json: string): string | null {
  const open: { keys: Set<string>; key: string }[] = []
  const path = () => open.map(({ key }) => key || '[]').join('.')
  let last = ''
  for (const [token] of json.matchAll(TOKEN)) {
    const object = open.at(-1)
    if (token === '{' || token === '[') open.push({ keys: new Set(), key: '' })
    else if (token === '}' || token === ']') open.pop()
    else if (token === ':' && object) {
      object.key = JSON.parse(last)
      if (object.keys.has(object.key)) return `${path()}: appears twice`
      object.keys.add(object.key)
    } else if (isRounded(token)) return `${path()}: ${token} has too many digits to be kept exactly. Put it in quotes`
    last = token
  }
  return null
}

function isRounded(token: string): boolean {
  if (!/^[-\d]/.test(token) || String(Number(token)) === token) return false
  return token.replace(/[eE].*|\D/g, '').length > EXACT_DIGITS || !Number.isFinite(Number(token))
}
