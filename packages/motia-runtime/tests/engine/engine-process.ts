// A process with an engine, for the tests that kill or stop one: engine-process.ts <Plan as JSON>
import { setTimeout as sleep } from 'node:timers/promises'
import type { Plan, Task } from './engine-process-plan'
import { buildEvent, openEngine, stopEngine } from './engine-world'

// Listen before a handler can block the process: a signal that comes meanwhile would end it.
let isStopping = false
process.once('SIGTERM', () => {
  isStopping = true
})

const plan: Plan = JSON.parse(process.argv[2] ?? '')
const engine = await openEngine(plan)

const keepBusy = (ms: number): void => {
  const until = performance.now() + ms
  while (performance.now() < until);
}

const handle = async ({ data: task }: { data: Task }): Promise<void> => {
  console.log(`began ${task.name}`)
  if (task.do === 'kill') process.kill(process.pid, 'SIGKILL')
  if (task.do === 'block') keepBusy(task.ms ?? 0)
  if (task.do === 'wait') await sleep(task.ms)
  if (task.name === plan.endless) await new Promise(() => {})
  console.log(`did ${task.name}`)
}

for (const { topic, step, config } of plan.subscribe ?? []) await engine.events.subscribe(topic, step, handle, config)
await engine.start()
// A handler may block the process for longer than a command may take: then replies that have arrived come too late.
const ignore = (error: unknown): void => console.log(`refused: ${error}`)
for (const event of plan.emit ?? []) await engine.events.emit(buildEvent(event)).catch(ignore)
if (plan.lease) {
  const begun = await engine.leases.begin(plan.lease.step, plan.lease.tick)
  console.log(`lease: ${typeof begun === 'string' ? begun : 'run'}`)
}
console.log('ready')

// No server keeps it alive, so this does. It prints when there is nothing left to do, until it is told to stop.
let isIdle = false
while (!isStopping) {
  const wasIdle = isIdle
  const queues = await engine.queues().catch(ignore)
  isIdle = queues?.every(({ waiting, active, delayed }) => waiting + active + delayed === 0) ?? false
  if (isIdle && !wasIdle) console.log('idle')
  await sleep(20)
}
await stopEngine(engine)
