import {
  type ApiResponse,
  LockedData,
  MemoryStreamAdapterManager,
  type MotiaPluginContext,
  NoPrinter,
  NoTracer,
} from 'motia'
import { expect, test } from 'vitest'
import { startRedis } from '../../../../../tests/support/redis'
import { makeTempDir } from '../../../../../tests/support/temp-dir'
import { waitFor } from '../../../../../tests/support/wait-for'
import type { Engine } from '../../../src/engine/engine'
import { buildEvent, queueConfig } from '../engine-world'
import { openTestEngine, recordConsole } from './test-engine'

/** Opens the tab of an engine. Returns functions for its page: the response of a route, and the pushes of changed queues. */
const openTab = (engine: Engine) => {
  const routes = new Map<string, (request: never) => Promise<ApiResponse>>()
  const lockedData = new LockedData(
    makeTempDir(),
    new MemoryStreamAdapterManager(),
    new NoPrinter(),
    Object.create(null),
  )
  const pushed: string[] = []
  lockedData.applyStreamWrapper((_, factory) => () => {
    const stream = factory()
    stream.set = async (_groupId, id, data) => {
      pushed.push(id)
      return Object.assign({}, data, { id })
    }
    return stream
  })
  const context = { lockedData, printer: new NoPrinter(), state: engine.state, eventAdapter: engine.events }
  const registerApi: MotiaPluginContext['registerApi'] = ({ method, path }, handler) => {
    routes.set(`${method} ${path}`, handler as never)
    return () => {}
  }
  const tab = engine.queuesTab({ ...context, registerApi, tracerFactory: Object.create(NoTracer) })
  const call = async (route: string, pathParams = {}) => {
    const response = await routes.get(route)?.({ pathParams, queryParams: {}, body: {} } as never)
    expect(response?.status).toBe(200)
    return Object(response?.body)
  }
  return { tab, call, pushed }
}

const fail = () => {
  throw new Error('poisoned')
}

test("When a job fails for good, then the Workbench's Queues tab shows its queue and its dead letter, live, and retries it", async () => {
  const redis = await startRedis()
  const lines = recordConsole()
  const engine = await openTestEngine(redis)
  await engine.events.subscribe('js.job', 'JsJob', fail, queueConfig())
  const { tab, call, pushed } = openTab(engine)
  expect(tab.workbench[0]).toMatchObject({ packageName: '@motiadev/plugin-bullmq', componentName: 'QueuesPage' })
  await waitFor(() => pushed.includes('js.job.JsJob'))
  pushed.length = 0
  await engine.start()
  await engine.events.emit(buildEvent({ topic: 'js.job' }))

  await waitFor(() => pushed.includes('js.job.JsJob'))
  const letters = await waitFor(async () => {
    const { jobs } = await call('GET /__motia/bullmq/dlq/:name/jobs', { name: 'js.job.JsJob' })
    return jobs.length > 0 && jobs
  })
  expect(letters).toMatchObject([{ originalEvent: { topic: 'js.job' }, failureReason: 'poisoned', attemptsMade: 1 }])
  const { queues } = await call('GET /__motia/bullmq/queues')
  const names = queues.map(({ name }: { name: string }) => name)
  expect(names.toSorted()).toEqual(['js.job.JsJob', 'js.job.JsJob.dlq'])

  await call('POST /__motia/bullmq/dlq/:name/retry/:jobId', { name: 'js.job.JsJob', jobId: letters[0].id })
  await waitFor(() => lines.filter((line) => line.includes('dead letter')).length === 2)
  expect(await engine.deadLetters.list()).toHaveLength(1)
})

test('When Redis stops and comes back while the tab is open, then there is one line for each, and the tab still works', async () => {
  const redis = await startRedis()
  // Not the name from above: the plugin remembers the queues of all its tabs by their names only.
  const engine = await openTestEngine(redis)
  await engine.events.subscribe('ts.job', 'TsJob', () => {}, queueConfig())
  await engine.start()
  const { call, pushed } = openTab(engine)
  await waitFor(() => pushed.includes('ts.job.TsJob'))
  const lines = recordConsole()
  await redis.kill()
  await waitFor(() => lines.length > 0)
  await redis.start()
  await waitFor(() => lines.length > 1)
  pushed.length = 0
  await engine.events.emit(buildEvent({ topic: 'ts.job' }))
  await waitFor(() => pushed.includes('ts.job.TsJob'))
  expect(await call('GET /__motia/bullmq/queues')).toMatchObject({ queues: [{ name: 'ts.job.TsJob' }] })
  expect(lines).toEqual(['Redis does not respond: jobs wait until it is back', 'Redis is back'])
})
