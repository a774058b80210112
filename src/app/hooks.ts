import type { RuntimeHooks } from 'motia-runtime'
import { topics } from '../events/payloads'
import { INVALID_PAYLOAD } from '../http/errors'
import { openapi } from '../http/openapi'
import { closeSharedRedis } from '../redis/shared-redis'
import { pets } from './pets'
import { unknownSettings } from './settings'

/** The shop's additions to the server. */
export const hooks: RuntimeHooks = {
  start: async () => [
    ...(await pets.start()),
    ...unknownSettings().map((name) => `${name} is not a setting of this project: see docs/configuration.md`),
  ],
  topics,
  outbox: pets,
  check: () => pets.check(),
  invalidJson: (problem) => ({ message: INVALID_PAYLOAD, issues: [{ path: '', message: problem }] }),
  openapi,
  close: async () => {
    await pets.close()
    await closeSharedRedis()
  },
}
