/**
 * Throws a one-line error if the project's path contains a character that does not work: Node cannot import modules
 * from a path with a backslash, and Vite, which serves the Workbench's page, none from a path with `#` or `%`.
 */
export const checkProjectPath = (
  root: string,
  hasWorkbench: boolean,
  isWindows = process.platform === 'win32',
): void => {
  const characters = (isWindows ? '' : '\\') + (hasWorkbench ? '#%' : '')
  const wrong = [...characters].find((character) => root.includes(character))
  if (wrong === undefined) return
  const reason = wrong === '\\' ? 'Node cannot import modules from there' : 'the Workbench cannot be shown from there'
  throw new Error(`The path of the project contains "${wrong}" (${root}), and ${reason}: rename the folder`)
}
