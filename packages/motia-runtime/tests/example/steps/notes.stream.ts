import type { StreamConfig } from 'motia'
import { z } from 'zod'

export const config: StreamConfig = {
  name: 'notes',
  schema: z.object({ text: z.string(), words: z.number() }),
  baseConfig: { storageType: 'default' },
}
