import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../../tests/support/server'

const run = promisify(execFile)

/** Returns the path of a command in these folders, by default those in PATH; null if there is none. */
export const findCommand = (name: string, folders = (process.env.PATH ?? '').split(delimiter)): string | null =>
  folders.map((folder) => join(folder, name)).find(isExecutable) ?? null

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Installs the Debian package that contains the command. If it cannot, rejects with one line that says why. */
export const install = async (command: string, packageName: string): Promise<void> => {
  try {
    await run(join(ROOT, 'script/bootstrap'), [`${command}=${packageName}`])
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : ''
    throw new Error(
      said?.replace(/^✗ /, '') ||
        `${command} is missing and could not be installed: install the package ${packageName}`,
    )
  }
}

/** Installs the package unless the command exists. */
export const ensureCommand = async (command: string, packageName: string): Promise<void> => {
  if (!findCommand(command)) await install(command, packageName)
}
