import { isDeepStrictEqual } from 'node:util'
import type { TestServer } from './server'
import { waitFor } from './wait-for'

/**
 * Waits until the data file contains what the API shows, and nothing else. The file may lag behind a change by a second, and it
 * contains the events of a change until they are settled. Returns the parsed file.
 */
export const atRest = (
  server: Pick<TestServer, 'url' | 'store'>,
  timeout = 10_000,
): Promise<ReturnType<TestServer['store']>> =>
  waitFor(
    async () => {
      const shown: unknown = await (await fetch(`${server.url}/js/pets`)).json()
      const store = server.store()
      return isDeepStrictEqual(Object.values(store.pets), shown) && store
    },
    { what: 'the data file to hold what the API shows', timeout, seen: server.store },
  )
