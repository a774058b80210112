import type { CronConfig, Handlers } from 'motia'

export const config: CronConfig = {
  type: 'cron',
  name: 'ReportNotes',
  flows: ['notes'],
  cron: '* * * * * *',
  emits: [],
}

export const handler: Handlers['ReportNotes'] = async ({ logger, streams }) => {
  const notes = await streams.notes.getGroup('all')
  logger.info('Notes so far', { notes: notes.length })
}
