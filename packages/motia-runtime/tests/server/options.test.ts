import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { resolveOptions } from '../../src/server/options'

beforeEach(() => {
  for (const name of ['PORT', 'HOST', 'REDIS_URL']) vi.stubEnv(name, '')
})

afterEach(() => {
  vi.unstubAllEnvs()
})

test('When no option is given, then every option has its default, and paths are in the folder of the project', () => {
  expect(resolveOptions('/project')).toMatchObject({
    ...{ root: '/project', name: 'Motia', port: 3000, host: '127.0.0.1', dataDir: '/project/.data' },
    ...{ redisUrl: undefined, stepRuntime: 'in-process', hooks: undefined },
    ...{ handlerTimeout: 30, stopGrace: 0, headersTimeout: 15, requestTimeout: 30 },
  })
})

test('When PORT, HOST and REDIS_URL are set, then they replace the defaults', () => {
  vi.stubEnv('PORT', '4100')
  vi.stubEnv('HOST', '0.0.0.0')
  vi.stubEnv('REDIS_URL', 'redis://127.0.0.1:6379')
  expect(resolveOptions('/project')).toMatchObject({ port: 4100, host: '0.0.0.0', redisUrl: 'redis://127.0.0.1:6379' })
})

test('When the project sets an option itself, then the environment is ignored', () => {
  vi.stubEnv('PORT', '4100')
  vi.stubEnv('REDIS_URL', 'redis://127.0.0.1:6379')
  const options = { port: 5000, redisUrl: undefined, dataDir: '/data', hooks: 'src/hooks.ts', stopGrace: 5 }
  expect(resolveOptions('/project', options)).toMatchObject({
    ...{ port: 5000, redisUrl: undefined, dataDir: '/data', hooks: '/project/src/hooks.ts', stopGrace: 5 },
  })
})
