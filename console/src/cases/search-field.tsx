import { CloseButton, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useEffect, useRef, useState } from 'react'

/** Typing stays in the field; the address and the list follow a moment later. */
export function SearchField({ value, onChange }: { value: string; onChange: (q: string) => void }) {
  const [typed, setTyped] = useState(value)
  const input = useRef<HTMLInputElement>(null)
  const later = useDebouncedCallback(onChange, 250)
  useEffect(() => {
    if (document.activeElement !== input.current) setTyped(value)
  }, [value])
  useEffect(() => {
    function onSlash(event: KeyboardEvent) {
      const typing = event.target instanceof HTMLElement && /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey) return
      event.preventDefault()
      input.current?.focus()
    }
    window.addEventListener('keydown', onSlash)
    return () => window.removeEventListener('keydown', onSlash)
  }, [])
  const set = (q: string) => {
    setTyped(q)
    later(q)
  }
  return (
    <TextInput
      ref={input}
      className="search"
      type="search"
      aria-label="Search cases"
      placeholder="Search, or press /"
      maxLength={200}
      value={typed}
      onChange={(event) => set(event.currentTarget.value)}
      rightSection={typed ? <CloseButton size="sm" aria-label="Clear search" onClick={() => set('')} /> : null}
    />
  )
}
