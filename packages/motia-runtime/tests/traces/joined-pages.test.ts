import { EventEmitter } from 'node:events'
import { afterEach, expect, test, vi } from 'vitest'
import { JoinedPages } from '../../src/traces/joined-pages'

afterEach(() => {
  vi.useRealTimers()
})

class Socket extends EventEmitter {
  bufferedAmount = 0
  readonly close = vi.fn<(code: number) => void>()
  readonly terminate = vi.fn<() => void>()
}

/** A stream server with the pages that are open, and the joins that it has answered. */
const openPages = () => {
  const server = Object.assign(new EventEmitter(), { clients: new Set<Socket>() })
  const joins: unknown[] = []
  // As Motia's server does: without a check.
  server.on('connection', (socket: Socket) => {
    socket.on('message', (payload) => joins.push(JSON.parse(String(payload))))
  })
  const pages = new JoinedPages(server)
  const open = (name: string) => {
    const socket = new Socket()
    server.clients.add(socket)
    server.emit('connection', socket)
    const send = (type: 'join' | 'leave', subscriptionId: string, data: object) => {
      const message = { type, data: { subscriptionId, ...data }, page: name }
      socket.emit('message', Buffer.from(JSON.stringify(message)))
      return message
    }
    return { socket, send }
  }
  return { pages, joins, open }
}

const LOGS = { streamName: 'logs', groupId: 'default' }

test('When pages have joined a group, then each joins it again, and no page of another group does', () => {
  const { pages, joins, open } = openPages()
  const [one, two] = [open('one'), open('two')]
  const first = one.send('join', '1', LOGS)
  one.send('join', '2', { ...LOGS, groupId: 'other' })
  one.send('join', '3', { ...LOGS, id: 'item' })
  const second = two.send('join', '4', LOGS)
  joins.length = 0
  pages.sendAll('logs', 'default')
  expect(joins).toEqual([first, second])
})

test('When a page has joined a group twice, then it gets the items once', () => {
  const { pages, joins, open } = openPages()
  const page = open('page')
  page.send('join', '1', LOGS)
  page.send('join', '2', LOGS)
  joins.length = 0
  pages.sendAll('logs', 'default')
  expect(joins).toHaveLength(1)
})

test('When a page has left the group, or is closed, then it gets nothing', () => {
  const { pages, joins, open } = openPages()
  const [one, two] = [open('one'), open('two')]
  one.send('join', '1', LOGS)
  two.send('join', '2', LOGS)
  one.send('leave', '1', LOGS)
  two.socket.emit('close')
  joins.length = 0
  pages.sendAll('logs', 'default')
  expect(joins).toEqual([])
})

test.each(['null', '{"type":"other"}'])('When a page sends %s, then that is left to Motia', (message) => {
  const { pages, joins, open } = openPages()
  open('page').socket.emit('message', Buffer.from(message))
  expect(joins.splice(0)).toEqual([JSON.parse(message)])
  pages.sendAll('logs', 'default')
  expect(joins).toEqual([])
})

test('When a message is not JSON, then its page is closed, and Motia does not see it', () => {
  const { joins, open } = openPages()
  const { socket } = open('page')
  socket.emit('message', Buffer.from('not JSON'))
  expect(socket.close).toHaveBeenCalledExactlyOnceWith(1007)
  expect(joins).toEqual([])
})

test('When a page does not read, then it is closed before its messages fill the memory, and no other is', () => {
  vi.useFakeTimers()
  const { open } = openPages()
  const [slow, other] = [open('slow').socket, open('other').socket]
  slow.bufferedAmount = 20_000_000
  other.bufferedAmount = 1_000_000
  vi.advanceTimersByTime(1_000)
  expect(slow.terminate).toHaveBeenCalledOnce()
  expect(other.terminate).not.toHaveBeenCalled()
})
