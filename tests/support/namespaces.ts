import { NAMESPACES, type Namespace, STEP_FOLDERS, stepPrefix } from '../../src/pets/pet'

const describeNamespace = (namespace: Namespace) => ({
  namespace,
  /** How the names of its steps begin. */
  prefix: stepPrefix(namespace),
  /** The folder of its steps, in `steps/`. */
  folder: STEP_FOLDERS[namespace],
})

/** What differs between the namespaces. */
export const namespaces = NAMESPACES.map(describeNamespace)

/** The last namespace, which is the only one if there are no others. */
export const last = describeNamespace(NAMESPACES.at(-1) ?? NAMESPACES[0])
