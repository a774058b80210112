import type { MotiaPlugin, MotiaPluginContext } from 'motia'
import { giveEdgesTheirOwnIds } from './flow-edges'

/** The Workbench's `Pets` tab, and what the flow view and the request editor need of this project. For `npm run dev` only. */
export default function workbenchPlugin({ lockedData }: MotiaPluginContext): MotiaPlugin {
  giveEdgesTheirOwnIds(lockedData)
  return {
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
