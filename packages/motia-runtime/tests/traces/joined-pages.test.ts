import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { JoinedPages } from '../../src/traces/joined-pages'

/** A stream server with the pages that are open, and the joins that it has answered. */
const openPages = () => {
  const server = new EventEmitter()
  const pages = new JoinedPages(server)
  const joins: string[] = []
  const open = (name: string) => {
    const socket = new EventEmitter()
    server.emit('connection', socket)
    socket.on('message', (message: Buffer) => joins.push(`${name}: ${message}`))
    const send = (type: 'join' | 'leave', subscriptionId: string, data: object) => {
      const message = JSON.stringify({ type, data: { subscriptionId, ...data } })
      socket.emit('message', Buffer.from(message))
      return `${name}: ${message}`
    }
    return { socket, send }
  }
  return { pages, joins, open }
}

const LOGS = { streamName: 'logs', groupId: 'default' }

test('When pages have joined a group, then each joins it once more, and no page of another group does', () => {
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

test('When a message is not one of a page, then it is ignored', () => {
  const { pages, joins, open } = openPages()
  open('page').socket.emit('message', Buffer.from('not JSON'))
  joins.length = 0
  pages.sendAll('logs', 'default')
  expect(joins).toEqual([])
})
