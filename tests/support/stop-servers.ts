import { afterAll } from 'vitest'
import { stopChildren } from './child'
import { removeTempDirs } from './temp-dir'

afterAll(async () => {
  await stopChildren()
  removeTempDirs()
})
