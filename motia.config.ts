import endpointPlugin from '@motiadev/plugin-endpoint/plugin'
import logsPlugin from '@motiadev/plugin-logs/plugin'
import observabilityPlugin from '@motiadev/plugin-observability/plugin'
import statesPlugin from '@motiadev/plugin-states/plugin'
import { defineConfig } from 'motia-runtime'
import { readSettings } from './src/app/settings'
import workbenchPlugin from './src/workbench/plugin'

export default defineConfig(() => ({
  plugins: [observabilityPlugin, statesPlugin, endpointPlugin, logsPlugin, workbenchPlugin],
  runtime: { name: '🐾 Pet store', hooks: 'src/app/hooks.ts', ...readSettings() },
}))
