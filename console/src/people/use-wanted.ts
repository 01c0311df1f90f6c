import { type RefObject, useEffect, useRef } from 'react'

/** What the address asks for is brought into view, takes the focus and is set apart. */
export function useWanted<Part extends HTMLElement>(
  isWanted: boolean,
): { readonly ref: RefObject<Part | null>; readonly tabIndex?: number; readonly 'data-wanted'?: true } {
  const ref = useRef<Part>(null)
  useEffect(() => {
    if (!isWanted) return
    // After the shell has put the focus at the top of the new page.
    const frame = requestAnimationFrame(() => {
      ref.current?.scrollIntoView({ block: 'center' })
      ref.current?.focus({ preventScroll: true })
    })
    return () => cancelAnimationFrame(frame)
  }, [isWanted])
  return isWanted ? { ref, tabIndex: -1, 'data-wanted': true } : { ref }
}
