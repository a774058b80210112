import { type ReactNode, useEffect, useState } from 'react'
import type { AuditLine } from '../../src/audit/audit'
import type { Pet } from '../../src/pets/pet'
import { STREAMS } from '../../src/workbench/live'
import { useStream } from '../../src/workbench/use-stream'

interface LogLine {
  id: string
  level: string
  msg: string
  step: string
}

interface Queue {
  id: string
  stats: { waiting: number }
}

/** The state of the pet store, from Motia's streams. */
export interface Seen {
  pets: Pet[]
  audit: AuditLine[]
  logs: LogLine[]
  queues: Queue[]
}

/** A task for the learner. */
export interface Todo {
  text: ReactNode
  /** Returns whether it is done, from the state now and at its start. */
  isDone: (now: Seen, start: Seen) => boolean
}

const useSeen = (): Seen | null => {
  const pets = useStream<Pet>(STREAMS.pets)
  const audit = useStream<AuditLine>(STREAMS.audit)
  const logs = useStream<LogLine>('__motia.logs', 'default')
  const queues = useStream<Queue>('__motia.bullmq-queues', 'default')
  return pets && audit && logs && queues ? { pets, audit, logs, queues } : null
}

/** Shows tasks to do one after the other. Each gets a check mark when it is done. */
export const Task = ({ todos }: { todos: Todo[] }) => {
  const seen = useSeen()
  const [progress, setProgress] = useState<{ done: number; start: Seen | null }>({ done: 0, start: null })
  useEffect(() => {
    if (!seen) return
    if (!progress.start) setProgress({ done: 0, start: seen })
    else if (todos[progress.done]?.isDone(seen, progress.start)) setProgress({ done: progress.done + 1, start: seen })
  }, [seen, progress, todos])
  // Missing until the state at the start is known: what happens before that is not noticed.
  const done = progress.start ? progress.done : undefined
  return (
    <ol className="tutorial-task" aria-live="polite" data-testid="tutorial-task" data-done={done}>
      {todos.map(({ text }, index) => {
        const state = index < progress.done ? 'is-done' : index === progress.done ? 'is-now' : ''
        return (
          <li key={index} className={state}>
            <span>{state === 'is-done' ? '✅' : state === 'is-now' ? '👉' : '▫️'}</span>
            <div>{text}</div>
          </li>
        )
      })}
    </ol>
  )
}

/** Returns whether the audit trail has a new line of this topic. */
export const hasNewLine = (topic: string, now: Seen, start: Seen): boolean => {
  const known = new Set(start.audit.map(({ id }) => id))
  return now.audit.some((line) => line.topic === topic && !known.has(line.id))
}

/** Returns the log lines of a step that are new. */
export const newLogs = (step: string, now: Seen, start: Seen): LogLine[] => {
  const known = new Set(start.logs.map(({ id }) => id))
  return now.logs.filter((line) => line.step === step && !known.has(line.id))
}
