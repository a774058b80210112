/**
 * Written by `motia-runtime types` and by the development server. Do not edit.
 */
import { ApiResponse, ApiRouteHandler, CronHandler, EventHandler, MotiaStream } from 'motia'

declare module 'motia' {
  interface FlowContextStateStreams {
    'notes': MotiaStream<{ text: string; words: number }>
  }

  interface Handlers {
    'CountWords': EventHandler<{ id: string; text: string }, never>
    'CreateNote': ApiRouteHandler<{ text: string }, ApiResponse<202, { id: string }>, { topic: 'note.created'; data: { id: string; text: string } }>
    'ReportNotes': CronHandler<never>
  }
}
