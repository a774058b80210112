import { useMotiaStream } from '@motiadev/stream-client-react'
import { useEffect, useState } from 'react'
import { GROUP, RESET } from './live'

/**
 * Returns the live items of a Motia stream, at most once per frame; null until they have loaded. Motia's own
 * `useStreamGroup` returns an empty list while loading, too.
 */
export const useStream = <Item extends { id: string }>(streamName: string, groupId = GROUP): Item[] | null => {
  const { stream } = useMotiaStream()
  const [items, setItems] = useState<Item[] | null>(null)
  /** The number of subscriptions. Each one begins with all items. */
  const [round, setRound] = useState(0)
  useEffect(() => {
    if (!stream) return
    const subscription = stream.subscribeGroup<Item>(streamName, groupId)
    let latest: Item[] = []
    let frame = 0
    const show = () => {
      frame = 0
      setItems(latest)
    }
    subscription.addChangeListener((changed) => {
      latest = changed ?? []
      frame ||= requestAnimationFrame(show)
    })
    subscription.onEvent(RESET, () => setRound((count) => count + 1))
    return () => {
      cancelAnimationFrame(frame)
      subscription.close()
    }
  }, [stream, streamName, groupId, round])
  return items
}
