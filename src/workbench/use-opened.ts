import { type KeyboardEvent, useRef, useState } from 'react'

/** Returns which pet's record is open in the Pets tab, or whether the form for a new one is, and how to change that. */
export const useOpened = (onRecord: (petId: string) => void) => {
  const [opened, setOpened] = useState<{ petId: string } | 'form' | null>(null)
  const opener = useRef<HTMLElement | null>(null)
  const petId = typeof opened === 'object' ? opened?.petId : undefined

  const rememberOpener = () => {
    opener.current = document.activeElement instanceof HTMLElement ? document.activeElement : null
  }
  const openRecord = (id: string) => {
    rememberOpener()
    setOpened({ petId: id })
    onRecord(id)
  }
  /** Closes the record or the form, and returns the focus to the element that opened it. */
  const close = () => {
    setOpened(null)
    if (petId !== undefined) onRecord('')
    opener.current?.focus()
  }
  const toggleForm = () => {
    if (opened === 'form') {
      close()
      return
    }
    rememberOpener()
    setOpened('form')
    if (opened) onRecord('')
  }
  const closeOnEscape = (event: KeyboardEvent) => {
    // An open select closes itself first.
    if (event.key === 'Escape' && !event.defaultPrevented && opened) close()
  }
  return { petId, isCreating: opened === 'form', openRecord, toggleForm, close, closeOnEscape }
}
