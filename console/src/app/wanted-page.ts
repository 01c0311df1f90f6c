/** The page that somebody opened before they were signed in. Kept in this browser, because the sign-in link opens a new tab. */
const KEY = 'lanekeeper.wanted-page'

/** Longer than a mailed code takes; what was wanted yesterday is not wanted now. */
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
  const page = wantedPage(nowMs)
  try {
    localStorage.removeItem(KEY)
  } catch {
    // There is nothing to forget.
  }
  return page
}

/** The same, kept: a sign-in that fails is tried again. */
export function wantedPage(nowMs: number): string | null {
  try {
    const { page, atMs } = JSON.parse(localStorage.getItem(KEY) ?? '{}') as { page?: unknown; atMs?: unknown }
    // Of our own: `//elsewhere` would be another site.
    if (typeof page !== 'string' || !/^\/(?![/\\])/.test(page)) return null
    return typeof atMs === 'number' && nowMs - atMs < KEPT_MS ? page : null
  } catch {
    return null
  }
}
