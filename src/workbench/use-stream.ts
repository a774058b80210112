import { useMotiaStream } from '@motiadev/stream-client-react'
import { useEffect, useState } from 'react'
import { GROUP, RESET } from './live'

/**
 * Returns the items of a Motia stream, and again whenever the server changes one; null until the first ones are there.
 * Motia's own `useStreamGroup` returns an empty list both before that and for an empty stream.
 */
export const useStream = <Item extends { id: string }>(streamName: string, groupId = GROUP): Item[] | null => {
  const { stream } = useMotiaStream()
  const [items, setItems] = useState<Item[] | null>(null)
  /** Counts the subscriptions: each one begins with all items. */
  const [round, setRound] = useState(0)
  useEffect(() => {
    if (!stream) return
    const subscription = stream.subscribeGroup<Item>(streamName, groupId)
    subscription.addChangeListener((changed) => setItems(changed ?? []))
    subscription.onEvent(RESET, () => setRound((count) => count + 1))
    return () => subscription.close()
  }, [stream, streamName, groupId, round])
  return items
}
