import { describe, expect, test } from 'vitest'
import { newTraceId, traceIdOf } from '../../src/steps/trace-id'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

describe('the trace id of a request', () => {
  test.each([
    ['of version 00', `00-${TRACE}-${SPAN}-01`],
    ['that is not sampled', `00-${TRACE}-${SPAN}-00`],
    ['of a later version', `cc-${TRACE}-${SPAN}-01`],
    ['of a later version with more fields', `cc-${TRACE}-${SPAN}-01-what-the-future-brings`],
  ])('When it has a traceparent %s, then its trace is continued', (_, header) => {
    expect(traceIdOf(header)).toBe(TRACE)
  })

  test.each([
    ['is missing', undefined],
    ['is empty', ''],
    ['is too long for version 00', `00-${TRACE}-${SPAN}-01-more`],
    ['has the version ff', `ff-${TRACE}-${SPAN}-01`],
    ['has a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['has a parent id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['has capital letters', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['is too short', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['has a space in front', ` 00-${TRACE}-${SPAN}-01`],
    ['was sent twice', `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`],
    ['was sent twice, as a list', [`00-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01`]],
  ])("When its traceparent %s, then it gets a new id in Motia's form", (_, header) => {
    expect(traceIdOf(header)).toMatch(/^[A-Z1-9]{5}-\d{7}$/)
  })

  test('When ids are made, then they differ', () => {
    expect(new Set(Array.from({ length: 100 }, newTraceId)).size).toBe(100)
  })
})
