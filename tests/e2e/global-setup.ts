import { openWorkbench } from './support'

/** Opens the Workbench once: on a fresh checkout Vite compiles it then, and two servers must not do that at the same time. */
export const setup = async (): Promise<void> => {
  const workbench = await openWorkbench()
  await workbench.close()
}
