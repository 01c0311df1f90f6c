/** The page that somebody opened before they were signed in. Kept in this browser, because the sign-in link opens a new tab. */
const KEY = 'lanekeeper.wanted-page'

/** A sign-in link is good for 15 minutes; what was wanted yesterday is not wanted now. */
const KEPT_MS = 30 * 60_000

export function rememberWantedPage({ pathname, search }: Pick<Location, 'pathname' | 'search'>, nowMs: number): void {
  if (pathname === '/sign-in' || pathname === '/') return
  try {
    localStorage.setItem(KEY, JSON.stringify({ page: `${pathname}${search}`, atMs: nowMs }))
  } catch {
    // Without storage the overview has to do.
  }
}

/** Null: none, or one of long ago. It is forgotten with this. */
export function takeWantedPage(nowMs: number): string | null {
  try {
    const stored = localStorage.getItem(KEY)
    localStorage.removeItem(KEY)
    const { page, atMs } = JSON.parse(stored ?? '{}') as { page?: unknown; atMs?: unknown }
    // Of our own: `//elsewhere` would be another site.
    if (typeof page !== 'string' || !/^\/(?![/\\])/.test(page)) return null
    return typeof atMs === 'number' && nowMs - atMs < KEPT_MS ? page : null
  } catch {
    return null
  }
}
