import { loadProject } from '../../src/steps/project'

// Loads the project in the given folder, and prints why it cannot be loaded.
await loadProject(process.argv[2] ?? '').then(
  ({ modules }) => modules.close(),
  (error: Error) => console.info(error.message),
)
