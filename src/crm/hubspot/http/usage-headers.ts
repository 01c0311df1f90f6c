import type { CallBudget } from '../../crm-client.ts'

const OBSERVE_EVERY_MS = 5_000
// HubSpot documents windows of ten seconds; a longer pause than a minute's tenth would be a misreading.
const WINDOW_MAX_MS = 60_000

/** Passes HubSpot's rate-limit headers on to the budget. They are missing on search answers and for OAuth apps. */
export function usageObserver({
  budget,
  nowMs,
}: {
  readonly budget: CallBudget
  readonly nowMs: () => number
}): (headers: Headers) => Promise<void> {
  let observedAtMs = Number.NEGATIVE_INFINITY
  return async (headers) => {
    const atMs = nowMs()
    const limitToday = count(headers, 'x-hubspot-ratelimit-daily')
    const leftToday = count(headers, 'x-hubspot-ratelimit-daily-remaining')
    const windowMs = count(headers, 'x-hubspot-ratelimit-interval-milliseconds')
    if (limitToday !== null && leftToday !== null && limitToday > 0 && atMs - observedAtMs >= OBSERVE_EVERY_MS) {
      observedAtMs = atMs
      const limit = count(headers, 'x-hubspot-ratelimit-max')
      await budget.observe({
        usedToday: Math.max(limitToday - leftToday, 0),
        limitToday,
        ...(limit !== null && windowMs !== null && windowMs > 0 ? { window: { ms: windowMs, limit } } : {}),
      })
    }
    if (windowMs !== null && count(headers, 'x-hubspot-ratelimit-remaining') === 0) {
      // The window rolls, so a tenth of it frees calls again; the next answer says whether it was enough.
      const pausedMs = Math.min(windowMs, WINDOW_MAX_MS) / 10
      await budget.pauseUntil(atMs + pausedMs, 'HubSpot has no calls left in its rate-limit window')
    }
  }
}

function count(headers: Headers, name: string): number | null {
  const text = headers.get(name)
  return text !== null && /^\d{1,12}$/.test(text) ? Number(text) : null
}
