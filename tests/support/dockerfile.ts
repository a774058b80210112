/** One instruction of a Dockerfile, without comments and line breaks. */
export interface Instruction {
  name: string
  value: string
}

/** Returns the instructions of a Dockerfile in their order. Throws if a line is not an instruction. */
export const instructionsOf = (text: string): Instruction[] =>
  text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name, value] = /^([A-Z]+) (\S.*)$/.exec(line) ?? []
      if (name === undefined || value === undefined) throw new Error(`Not an instruction of a Dockerfile: ${line}`)
      return { name, value }
    })

/** Returns what a command runs: the exec form is a JSON array, anything else is for the shell. */
export const commandOf = (value: string): string[] => {
  if (!value.startsWith('[')) return ['sh', '-c', value]
  const words: unknown = JSON.parse(value)
  if (!Array.isArray(words)) throw new Error(`Not a command: ${value}`)
  return words.map(String)
}

/** Returns whether a `.dockerignore` keeps a file (relative, with slashes) out of the build: the last pattern that fits decides. */
export const ignoresIn = (text: string): ((path: string) => boolean) => {
  const rules = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const pattern = line.replace(/^!/, '')
      const source = pattern
        .replaceAll('.', '\\.')
        .replaceAll(/\*\*\/|\*/g, (star) => (star === '*' ? '[^/]*' : '(.*/)?'))
      return { isIgnored: !line.startsWith('!'), pattern: new RegExp(`^${source}(/|$)`) }
    })
  return (path) => rules.findLast(({ pattern }) => pattern.test(path))?.isIgnored ?? false
}
