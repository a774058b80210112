import { namespaces } from './namespaces'
import { copyProject, type ProjectCopy } from './project-copy'

/**
 * Copies the project with event steps that wait some seconds, instead of half a minute, for a server that may be dead.
 * `reaperCron` is when its reapers run; default: as in the project.
 */
export const copyImpatientProject = ({ reaperCron }: { reaperCron?: string } = {}): ProjectCopy => {
  const copy = copyProject()
  for (const { folder } of namespaces) {
    if (reaperCron) copy.edit(`steps/${folder}/deletion-reaper.cron.step.ts`, /cron: '.*'/, `cron: '${reaperCron}'`)
    for (const step of ['audit-trail', 'postcreate-lite']) {
      copy.edit(`steps/${folder}/${step}.job.step.ts`, /timeout: \d+/, 'timeout: 4')
      copy.edit(`steps/${folder}/${step}.job.step.ts`, /visibilityTimeout: \d+/, 'visibilityTimeout: 5')
    }
  }
  return copy
}
