import { NAMESPACES, type Namespace } from '../../src/pets/pet'

/** What differs between the namespaces, by name: how their steps' names begin, and their folder under `steps/`. */
export const namespaces: { namespace: Namespace; prefix: string; folder: string }[] = [
  { namespace: 'js', prefix: 'Js', folder: 'javascript' },
  { namespace: 'ts', prefix: 'Ts', folder: 'typescript' },
  { namespace: 'py', prefix: 'Py', folder: 'python' },
]

if (namespaces.length !== NAMESPACES.length) throw new Error('A namespace is missing here')
