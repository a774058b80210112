import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { flushConsole } from '../../src/logging/console-lines'
import { StepLogger } from '../../src/logging/step-logger'
import { recordingFeed } from '../traces/recording-feed'

/** Local time, as the terminal shows it. */
const NOON = new Date(2022, 0, 1, 12, 0, 5).getTime()

let output: string

beforeEach(() => {
  output = ''
  vi.useFakeTimers({ toFake: ['Date'], now: NOON })
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += text
    return true
  })
})

afterEach(() => {
  flushConsole()
  vi.restoreAllMocks()
  vi.useRealTimers()
})

const printed = () => {
  flushConsole()
  return output
}

const makeLogger = () => {
  const { feed, written } = recordingFeed()
  return { logger: new StepLogger(feed, 'TRACE-1', 'JsCreatePet', ['pets']), written }
}

const HEAD = '[2022-01-01 12:00:05] TRACE-1 [INFO] JsCreatePet'

describe('a line on the terminal', () => {
  test.each([
    [
      '🐾 Pet created',
      { petId: '1', name: 'Buddy', species: 'dog', status: 'new' },
      "🐾 Pet created { petId: '1', name: 'Buddy', species: 'dog', status: 'new' }",
    ],
    [
      '🔄 Setting next feeding reminder',
      { petId: '1', enqueuedAt: 1640995200000 },
      "🔄 Setting next feeding reminder { petId: '1', enqueuedAt: 1640995200000 }",
    ],
    [
      '✅ Deletion Reaper completed',
      { totalScanned: 5, purgedCount: 2, failedCount: 0 },
      '✅ Deletion Reaper completed { totalScanned: 5, purgedCount: 2, failedCount: 0 }',
    ],
    [
      '🔄 Deletion Reaper started - scanning for pets to purge',
      undefined,
      '🔄 Deletion Reaper started - scanning for pets to purge',
    ],
  ])(
    'When it says "%s", then it is the line of the specification, after time, trace, level and step',
    (message, details, line) => {
      makeLogger().logger.info(message, details)
      expect(printed()).toBe(`${HEAD} ${line}\n`)
    },
  )

  test('When it is long, then it is still one line', () => {
    const { logger } = makeLogger()
    const details = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`field${index}`, 'x'.repeat(50)]))
    logger.info('long', details)
    logger.info('next')
    expect(printed().trimEnd().split('\n')).toHaveLength(2)
  })

  test('When its details are not an object, then they are shown as "details"', () => {
    makeLogger().logger.info('count', 7)
    expect(printed()).toBe(`${HEAD} count { details: 7 }\n`)
  })

  test('When its details contain an error, then its stack is shown', () => {
    makeLogger().logger.error('failed', { error: new Error('no') })
    expect(printed()).toMatch(
      /^\[2022-01-01 12:00:05\] TRACE-1 \[ERROR\] JsCreatePet failed \{\s+error: Error: no\n\s+at /,
    )
  })
})

test('When LOG_LEVEL is not set, then debug lines are left out, and the level of the others is shown', () => {
  const { logger } = makeLogger()
  logger.debug('one')
  logger.info('two')
  logger.warn('three')
  logger.error('four')
  const levels = [...printed().matchAll(/\[([A-Z]+)\] JsCreatePet (\w+)/g)].map(([, level, message]) => [
    level,
    message,
  ])
  expect(levels).toEqual([
    ['INFO', 'two'],
    ['WARN', 'three'],
    ['ERROR', 'four'],
  ])
})

test('When lines come close together, then they are written together', () => {
  const { logger } = makeLogger()
  for (let count = 0; count < 20; count++) logger.info('line')
  expect(process.stdout.write).not.toHaveBeenCalled()
  flushConsole()
  expect(process.stdout.write).toHaveBeenCalledOnce()
})

test("When a line goes to the Workbench, then it has Motia's fields, and an error spelled out", async () => {
  const { logger, written } = makeLogger()
  logger.warn('careful', { petId: '1', error: new TypeError('no') })
  expect((await written()).logs).toEqual([
    {
      ...{ id: expect.any(String), level: 'warn', time: NOON, msg: 'careful', traceId: 'TRACE-1' },
      ...{ flows: ['pets'], step: 'JsCreatePet', petId: '1' },
      error: { name: 'TypeError', message: 'no', stack: expect.stringContaining('TypeError: no') },
    },
  ])
})

test("When details are named like the line's own fields, then those win", async () => {
  const { logger, written } = makeLogger()
  logger.info('mine', { msg: 'theirs', level: 'error', traceId: 'X', step: 'X' })
  expect((await written()).logs).toMatchObject([
    { msg: 'mine', level: 'info', traceId: 'TRACE-1', step: 'JsCreatePet' },
  ])
})

test('When a listener is added, then it gets each line until it is removed', () => {
  const { logger } = makeLogger()
  const heard: unknown[] = []
  const listener = (...line: unknown[]) => {
    heard.push(line)
  }
  logger.addListener(listener)
  logger.info('one', { petId: '1' })
  expect(logger.removeListener(listener)).toBe(true)
  expect(logger.removeListener(listener)).toBe(false)
  logger.info('two')
  expect(heard).toEqual([['info', 'one', { petId: '1' }]])
})

test("When the stock runner's process has sent a line, then it looks the same", () => {
  const { logger } = makeLogger()
  logger.log({ level: 'warn', msg: 'careful', time: 1, traceId: 'X', flows: [], petId: '1' })
  expect(printed()).toBe("[2022-01-01 12:00:05] TRACE-1 [WARN] JsCreatePet careful { petId: '1' }\n")
})
