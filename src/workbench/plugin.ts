import type { MotiaPlugin, MotiaPluginContext } from 'motia'
import { openAudit } from '../events/open-audit'
import { readSettings } from '../settings'
import { openStore } from '../store/open-store'
import { mendFlowStreams } from './flow-streams'
import { LIVE_PATH, MONACO_PATH } from './live'
import { answerMonacoFile } from './monaco-files'
import { readNews } from './news'

/** The Workbench's `Pets` tab, and what the flow view and the request editor need of this project. For `npm run dev` only. */
export default function workbenchPlugin({ lockedData, registerApi }: MotiaPluginContext): MotiaPlugin {
  mendFlowStreams(lockedData)
  const settings = readSettings()
  const [store, audit] = [openStore(settings), openAudit(settings)]
  registerApi({ method: 'GET', path: LIVE_PATH }, async ({ queryParams: { stamp, end } }) => ({
    status: 200,
    headers: { 'Cache-Control': 'no-store' },
    body: await readNews(store, audit, {
      stamp: typeof stamp === 'string' ? stamp : undefined,
      end: typeof end === 'string' ? end : undefined,
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
