import { defineConfig } from 'motia-runtime'

export default defineConfig({ runtime: { name: 'Notes' } })
