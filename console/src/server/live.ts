import { useEffect, useState } from 'react'
import { queryClient } from './api.ts'

export type LiveState = 'connecting' | 'live' | 'cut'

/**
 * Refetches the data on the screen when the server reports a change. At most once a second: during a burst the numbers
 * still move.
 */
export function useLiveChanges(): LiveState {
  const [state, setState] = useState<LiveState>('connecting')
  useEffect(() => {
    const source = new EventSource('/api/console/live')
    let pending: ReturnType<typeof setTimeout> | null = null
    source.addEventListener('hello', () => {
      setState('live')
      void queryClient.invalidateQueries({ queryKey: ['console'] })
    })
    source.addEventListener('changed', () => {
      pending ??= setTimeout(() => {
        pending = null
        void queryClient.invalidateQueries({ queryKey: ['console'] })
      }, 1_000)
    })
    source.addEventListener('error', () => {
      setState('cut')
      // A restart or an ended session: the answer to this decides whether the sign-in page shows.
      void queryClient.invalidateQueries({ queryKey: ['session'] })
    })
    return () => {
      source.close()
      if (pending) clearTimeout(pending)
    }
  }, [])
  return state
}

/** The current time, updated by itself, for "3 min ago". */
export function useNow(everyMs = 30_000): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}
