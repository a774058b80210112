const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g

/** The path (`pets.1.name`) of the first key that an object in this valid JSON text has twice, or null. */
export function findDuplicateKey(json: string): string | null {
  const open: { keys: Set<string>; key: string }[] = []
  let last = ''
  for (const [token] of json.matchAll(TOKEN)) {
    const object = open.at(-1)
    if (token === '{' || token === '[') open.push({ keys: new Set(), key: '' })
    else if (token === '}' || token === ']') open.pop()
    else if (token === ':' && object) {
      object.key = JSON.parse(last)
      if (object.keys.has(object.key)) return open.map(({ key }) => key || '[]').join('.')
      object.keys.add(object.key)
    }
    last = token
  }
  return null
}
