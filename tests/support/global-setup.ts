import { execFileSync } from 'node:child_process'
import { ROOT } from './server'

/** Builds the runtime package once, before test files start servers side by side. */
export const setup = (): void => {
  execFileSync(process.execPath, ['packages/motia-runtime/build.mjs'], { cwd: ROOT, stdio: 'inherit' })
}
