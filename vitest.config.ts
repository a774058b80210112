import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    setupFiles: ['tests/support/stop-servers.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
