import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    setupFiles: ['tests/support/stop-servers.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
