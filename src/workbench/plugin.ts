import type { MotiaPlugin, MotiaPluginContext } from 'motia'

/** The Workbench's `Pets` tab, and what the flow view and the request editor need of this project. For `npm run dev` only. */
export default function workbenchPlugin(_motia: MotiaPluginContext): MotiaPlugin {
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
