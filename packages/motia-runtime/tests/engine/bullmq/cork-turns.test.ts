import { Writable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { corkTurns } from '../../../src/engine/bullmq/watch-connection'

/** A stream that records what it sends together. */
const noting = () => {
  const sent: string[][] = []
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      sent.push([String(chunk)])
      done()
    },
    writev: (chunks, done) => {
      sent.push(chunks.map(({ chunk }) => String(chunk)))
      done()
    },
  })
  corkTurns(stream)
  return { stream, sent }
}

test('What is written in one turn of the event loop is sent together, in order, promises included', async () => {
  const { stream, sent } = noting()
  stream.write('a')
  stream.write(Buffer.from('b'))
  await Promise.resolve()
  stream.write('c')
  expect(sent).toEqual([])
  await nextTurn()
  stream.write('d')
  await nextTurn()
  expect(sent).toEqual([['a', 'b', 'c'], ['d']])
})

test('When the stream ends or breaks within the turn, then what was written before an end is sent, and nothing throws', async () => {
  const ending = noting()
  ending.stream.write('a')
  ending.stream.end('b')
  const broken = noting()
  broken.stream.write('a')
  broken.stream.destroy()
  await nextTurn()
  expect(ending.sent.flat()).toEqual(['a', 'b'])
  expect(broken.sent).toEqual([])
})

test('A write still calls back, and still returns whether the stream can take more', async () => {
  const stream = new Writable({ highWaterMark: 2, write: (_chunk, _encoding, done) => done() })
  corkTurns(stream)
  const written = new Promise((resolve) => {
    expect(stream.write('a', 'latin1', resolve)).toBe(true)
  })
  expect(stream.write('bc')).toBe(false)
  expect(await written).toBeFalsy()
})
