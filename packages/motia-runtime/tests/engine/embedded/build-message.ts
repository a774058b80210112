import { eventText, type Message, newMessage } from '../../../src/engine/embedded/message'

/** A message of the queue `job.Step` whose event's data is `data`. */
export const buildMessage = (data: unknown = 'x', fields: Partial<Message> = {}): Message =>
  newMessage(
    {
      queue: 'job.Step',
      eventId: undefined,
      text: eventText({ id: fields.eventId, topic: 'job', data, traceId: 'TRACE-1' }),
      ...fields,
    },
    0,
  )
