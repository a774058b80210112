/**
 * Throws an error of one line if the project is in a folder whose name it cannot work with: Node imports no module from a path
 * with a backslash, and Vite, which serves the page of the Workbench, none from a path with `#` or `%`.
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
  throw new Error(`The path of the project has a "${wrong}" in it (${root}), and ${reason}: rename the folder`)
}
