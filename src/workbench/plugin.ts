import type { MotiaPlugin, MotiaPluginContext } from 'motia'
import { createFileStore } from '../pets/file-store'
import { readSettings } from '../settings'
import { giveEdgesTheirOwnIds } from './flow-edges'
import { LIVE_PATH, MONACO_PATH } from './live'
import { answerMonacoFile } from './monaco-files'
import { readNews } from './news'

/** The Workbench's `Pets` tab, and what the flow view and the request editor need of this project. For `npm run dev` only. */
export default function workbenchPlugin({ lockedData, registerApi }: MotiaPluginContext): MotiaPlugin {
  giveEdgesTheirOwnIds(lockedData)
  const { dataDir } = readSettings()
  const store = createFileStore({ dataDir })
  registerApi({ method: 'GET', path: LIVE_PATH }, async ({ queryParams: { stamp, end } }) => ({
    status: 200,
    headers: { 'Cache-Control': 'no-store' },
    body: await readNews(store, dataDir, {
      stamp: typeof stamp === 'string' ? stamp : undefined,
      end: typeof end === 'string' && /^\d{1,15}$/.test(end) ? Number(end) : undefined,
    }),
  }))
  registerApi({ method: 'GET', path: `${MONACO_PATH}/*` }, ({ pathParams }) => answerMonacoFile(pathParams[0] ?? ''))
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
