import { fileURLToPath } from 'node:url'
import type { MotiaPlugin, MotiaPluginContext } from 'motia'
import { openAudit } from '../app/open-audit'
import { openStore } from '../app/open-store'
import { readSettings } from '../app/settings'
import { LiveStreams } from './live-streams'

/** Adds the `Pets` tab and the component for steps to the Workbench. For `npm run dev` only. */
export default function workbenchPlugin({ lockedData }: MotiaPluginContext): MotiaPlugin & { stepNode: string } {
  const settings = readSettings()
  new LiveStreams(openStore(settings), openAudit(settings)).register(lockedData)
  return {
    stepNode: fileURLToPath(new URL('step-node.tsx', import.meta.url)),
    workbench: [
      {
        packageName: '~/src/workbench/pets-page.tsx',
        componentName: 'PetsPage',
        label: 'Pets',
        labelIcon: 'paw-print',
        position: 'top',
      },
    ],
  }
}
