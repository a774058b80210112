import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { SlowFirst } from './tests/support/slow-first'

/** The tests that start servers, Redis or several processes, or crash at every call. `npm test` runs all others. */
const SERVER_TESTS = [
  'tests/{system,scaling,chaos,faults,schedules,docs,bench}/**/*.test.ts',
  'tests/make-it-yours/make-it-yours.test.ts',
  'packages/motia-runtime/tests/example.test.ts',
  'packages/motia-runtime/tests/engine/bullmq/**/*.test.ts',
  'packages/motia-runtime/tests/engine/embedded/{conformance,embedded-engine,queues-tab}.test.ts',
  'tests/store/{processes,crashes,edits-at-any-moment,errors-at-any-moment}.test.ts',
]
const BROWSER_TESTS = ['tests/e2e/**/*.test.ts']

export default defineConfig({
  resolve: {
    // The sources instead of the built package.
    alias: { 'motia-runtime': fileURLToPath(new URL('packages/motia-runtime/src/index.ts', import.meta.url)) },
  },
  test: {
    setupFiles: ['tests/support/stop-servers.ts'],
    expect: { poll: { timeout: 10_000 } },
    sequence: { sequencer: SlowFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['tests/**/*.test.ts', 'packages/*/tests/**/*.test.ts'],
          exclude: ['**/node_modules/**', ...SERVER_TESTS, ...BROWSER_TESTS],
          testTimeout: 10_000,
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'server',
          include: SERVER_TESTS,
          globalSetup: ['tests/support/global-setup.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          // Most of these wait for servers: three at a time keep two cores busy.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          // After all others: browsers keep a core busy each.
          name: 'browser',
          include: BROWSER_TESTS,
          globalSetup: ['tests/support/global-setup.ts', 'tests/e2e/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
