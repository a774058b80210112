import { NAMESPACES, type Namespace } from '../../src/pets/pet'

/** How the names of a namespace's steps begin, and their folder under `steps/`. */
const WORDS = {
  js: { prefix: 'Js', folder: 'javascript' },
  ts: { prefix: 'Ts', folder: 'typescript' },
  py: { prefix: 'Py', folder: 'python' },
}

/** What differs between the namespaces. */
export const namespaces: { namespace: Namespace; prefix: string; folder: string }[] = NAMESPACES.map((namespace) => ({
  namespace,
  ...WORDS[namespace],
}))
