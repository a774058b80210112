import type { EventConfig, Handlers } from 'motia'
import { z } from 'zod'

const input = z.object({ id: z.string(), text: z.string() })

export const config: EventConfig = {
  type: 'event',
  name: 'CountWords',
  flows: ['notes'],
  subscribes: ['note.created'],
  input,
  emits: [],
}

export const handler: Handlers['CountWords'] = async (data, { logger, streams }) => {
  const { id, text } = input.parse(data)
  const words = text.split(/\s+/).filter(Boolean).length
  await streams.notes.set('all', id, { text, words })
  logger.info('Words counted', { words })
}
