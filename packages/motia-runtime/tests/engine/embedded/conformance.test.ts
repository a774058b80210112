import { fileURLToPath } from 'node:url'
import { makeTempDir } from '../../../../../tests/support/temp-dir'
import { enginePromises } from '../engine-promises'

enginePromises('embedded', () => ({
  module: fileURLToPath(new URL('open-engine.ts', import.meta.url)),
  options: { dataDir: makeTempDir('embedded-engine-'), traceLimit: 100 },
}))
