import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { Contender, ContenderKey } from '../../bench/contenders/contender'

/** How a pretended contender behaves; by default as it should. */
export interface Pretence {
  key?: ContenderKey
  /** Says why it cannot start. */
  missing?: string
  /** Whether its jobs add notes. */
  doesJobs?: boolean
  /** What its audit trail counts for each create. */
  eventsPerCreate?: number
}

/** A contender in the test's own process, and how often each pet was deleted. */
export const pretendContender = ({
  key = 'embedded',
  missing,
  doesJobs = true,
  eventsPerCreate = 2,
}: Pretence = {}) => {
  const deletions = new Map<string, number>()
  let created = 0
  let events = 0
  const respond: RequestListener = (request, response) => {
    const id = request.url?.split('/').at(-1) ?? ''
    const found = { id, name: 'Buddy', ...(doesJobs ? { notes: 'Welcome' } : {}) }
    if (request.method === 'POST') events += eventsPerCreate
    if (request.method === 'DELETE') {
      events += 1
      deletions.set(id, (deletions.get(id) ?? 0) + 1)
    }
    const body = request.method === 'POST' ? { id: String(++created), name: 'Buddy' } : found
    response.writeHead(request.method === 'POST' ? 201 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }
  const contender: Contender = {
    key,
    title: `pretended ${key}`,
    hasJobs: true,
    start: async () => {
      if (missing) throw new Error(missing)
      events = 0
      const server = createServer(respond).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const address = server.address()
      const port = typeof address === 'object' ? address?.port : 0
      return {
        ...{ pid: process.pid, startupMs: 1, url: `http://127.0.0.1:${port}/js/pets` },
        auditedEvents: async () => events,
        end: async () => {
          server.closeAllConnections()
          server.close()
          await once(server, 'close')
        },
      }
    },
  }
  return { contender, deletions }
}
