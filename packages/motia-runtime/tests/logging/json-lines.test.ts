import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { flushConsole, setLogFormat } from '../../src/logging/console-lines'
import { setLogLevel } from '../../src/logging/log-level'
import { printFailure, takeOverConsole } from '../../src/logging/own-console'
import { StepLogger } from '../../src/logging/step-logger'
import { recordingFeed } from '../traces/recording-feed'

const METHODS = ['debug', 'info', 'warn', 'error', 'log'] as const
const methods = METHODS.map((method) => [method, console[method]] as const)

let output: string
let errors: string

beforeEach(() => {
  output = ''
  errors = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += text
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    errors += text
    return true
  })
})

afterEach(async () => {
  flushConsole()
  setLogLevel('info')
  await setLogFormat('text')
  for (const [method, original] of methods) console[method] = original
  vi.restoreAllMocks()
})

const lineSchema = z.looseObject({ level: z.string(), time: z.iso.datetime(), msg: z.string() })

/** The lines on standard output, each of which must be a JSON object. */
const linesPrinted = () => {
  flushConsole()
  const lines = output.split('\n').slice(0, -1)
  return lines.map((line) => lineSchema.parse(JSON.parse(line)))
}

const makeLogger = () => new StepLogger(recordingFeed().feed, 'TRACE-1', 'JsCreatePet', ['pets'])

test('When a step logs, then the line is one JSON object with its trace and its details', async () => {
  await setLogFormat('json')
  makeLogger().info('🐾 Pet created', { petId: '1', name: 'two\nlines' })
  expect(linesPrinted()).toEqual([
    {
      ...{ level: 'info', time: expect.any(String), traceId: 'TRACE-1', step: 'JsCreatePet' },
      ...{ msg: '🐾 Pet created', petId: '1', name: 'two\nlines' },
    },
  ])
})

test.each([
  ['in its details', { error: new TypeError('no', { cause: new Error('deeper') }) }],
  ['as its details', new TypeError('no', { cause: new Error('deeper') })],
])('When a step logs an error %s, then the line has its type, message, stack and cause', async (_, details) => {
  await setLogFormat('json')
  makeLogger().error('failed', details)
  const [line] = linesPrinted()
  expect(line).toMatchObject({ level: 'error', msg: 'failed', error: { type: 'TypeError' } })
  expect(line?.error).toHaveProperty('message', expect.stringMatching(/^no/))
  expect(line?.error).toHaveProperty('stack', expect.stringMatching(/TypeError: no\n\s+at .*Error: deeper/s))
})

test("When details are named like the line's own fields, or cannot be JSON, then the line is valid and its own fields win", async () => {
  await setLogFormat('json')
  const circle: Record<string, unknown> = { big: 1n }
  circle.self = circle
  makeLogger().warn('mine', { msg: 'theirs', level: 'x', time: 'x', step: 'x', traceId: 'x', circle })
  expect(linesPrinted()).toMatchObject([{ msg: 'mine', level: 'warn', step: 'JsCreatePet', traceId: 'TRACE-1' }])
  expect(output.match(/"(msg|level|time)":/g)).toHaveLength(3)
})

test('When something is printed with console, then it is a JSON line of its level, with its error as a field', async () => {
  await setLogFormat('json')
  takeOverConsole()
  console.log('%d pets', 3)
  console.warn('Two\nlines', { a: 1 })
  console.error('Unexpected error:', new RangeError('far'))
  console.error(new Error('alone'))
  printFailure(new Error('cannot start'))
  expect(linesPrinted()).toMatchObject([
    { level: 'info', msg: '3 pets' },
    { level: 'warn', msg: 'Two\nlines { a: 1 }' },
    { level: 'error', msg: 'Unexpected error', error: { type: 'RangeError', stack: expect.stringContaining('at ') } },
    { level: 'error', msg: 'alone', error: { message: 'alone' } },
    { level: 'error', msg: 'cannot start' },
  ])
  expect(errors).toBe('')
})

test('When the format is text, then console adds time and level, console.log adds nothing, and a failure is one line', () => {
  const said: unknown[] = []
  for (const method of METHODS) vi.spyOn(console, method).mockImplementation((...parts) => void said.push(parts))
  takeOverConsole()
  console.log('ready')
  console.warn('%s is back', 'Redis')
  console.debug('not at this level')
  printFailure(new Error('cannot start'))
  const head = /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d] \[WARN] Redis is back$/
  expect(said).toEqual([['ready'], [expect.stringMatching(head)]])
  expect(errors).toBe('✗ cannot start\n')
})

test.each(['text', 'json'] as const)('When the level is error, then %s has no lines below it', async (format) => {
  await setLogFormat(format)
  takeOverConsole()
  setLogLevel('error')
  const logger = makeLogger()
  logger.warn('careful')
  console.info('Redis is back')
  logger.error('failed')
  flushConsole()
  expect(output.split('\n').slice(0, -1)).toEqual([expect.stringContaining('failed')])
})
