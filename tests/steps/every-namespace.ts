import type { Namespace } from '../../src/pets/pet'
import { namespaces } from '../support/namespaces'

/**
 * Imports the step of that file name, without `.step.ts`, in each namespace. To be called once the store that the steps use is
 * chosen. `Step` is what their modules have in common.
 */
export const everyNamespace = async <Step>(file: string): Promise<[Namespace, Step][]> =>
  Promise.all(
    namespaces.map(async ({ namespace, folder }): Promise<[Namespace, Step]> => {
      const step: Step = await import(`../../steps/${folder}/${file}.step.ts`)
      return [namespace, step]
    }),
  )
