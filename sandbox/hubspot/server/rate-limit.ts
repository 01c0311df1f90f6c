const WINDOW_MS = 10_000
/** Search has its own limit, for the whole account. */
const SEARCHES_PER_SECOND = 5

type LimitVerdict =
  | { readonly allowed: true; readonly headers: Readonly<Record<string, string>> }
  | {
      readonly allowed: false
      readonly policyName: 'TEN_SECONDLY_ROLLING' | 'DAILY' | 'SECONDLY'
      readonly message: string
      readonly headers: Readonly<Record<string, string>>
    }

/** Calls within the last window, oldest first, in a ring of the limit's size. */
class RollingWindow {
  #times: number[] = []
  #head = 0

  countAt(nowMs: number, windowMs: number): number {
    while (this.#head < this.#times.length && this.#times[this.#head]! <= nowMs - windowMs) this.#head += 1
    if (this.#head > 1_000) {
      this.#times = this.#times.slice(this.#head)
      this.#head = 0
    }
    return this.#times.length - this.#head
  }

  add(nowMs: number): void {
    this.#times.push(nowMs)
  }
}

/**
 * 10-second window per app, daily allowance and searches per account. Times are of the wall clock; the day is the
 * account's own and ends at midnight in its time zone.
 */
export class RateLimits {
  readonly #perApp = new Map<string, RollingWindow>()
  readonly #searches = new RollingWindow()
  #day = ''
  #usedToday = 0
  #calendar = { timeZone: '', format: new Intl.DateTimeFormat('en-CA') }

  take(
    call: { readonly appKey: string; readonly oauth: boolean; readonly search: boolean },
    limits: { readonly rateLimit: number; readonly dailyLimit: number; readonly timeZone: string },
    nowMs: number,
  ): LimitVerdict {
    const day = this.#dayIn(limits.timeZone, nowMs)
    if (day !== this.#day) {
      this.#day = day
      this.#usedToday = 0
    }
    if (call.search) {
      if (this.#searches.countAt(nowMs, 1_000) >= SEARCHES_PER_SECOND) {
        const message = 'You have reached your secondly limit.'
        return { allowed: false, policyName: 'SECONDLY', message, headers: {} }
      }
      this.#searches.add(nowMs)
    }
    let window = this.#perApp.get(call.appKey)
    if (window === undefined) {
      window = new RollingWindow()
      this.#perApp.set(call.appKey, window)
    }
    const used = window.countAt(nowMs, WINDOW_MS)
    const headers = (remaining: number): Record<string, string> => ({
      // OAuth apps get no daily headers.
      ...(call.oauth
        ? {}
        : {
            'x-hubspot-ratelimit-daily': String(limits.dailyLimit),
            'x-hubspot-ratelimit-daily-remaining': String(Math.max(0, limits.dailyLimit - this.#usedToday)),
          }),
      'x-hubspot-ratelimit-interval-milliseconds': String(WINDOW_MS),
      'x-hubspot-ratelimit-max': String(limits.rateLimit),
      'x-hubspot-ratelimit-remaining': String(Math.max(0, remaining)),
    })
    if (this.#usedToday >= limits.dailyLimit) {
      const message = 'You have reached your daily limit.'
      return { allowed: false, policyName: 'DAILY', message, headers: headers(limits.rateLimit - used) }
    }
    if (used >= limits.rateLimit) {
      const message = 'You have reached your ten_secondly_rolling limit.'
      return { allowed: false, policyName: 'TEN_SECONDLY_ROLLING', message, headers: headers(0) }
    }
    window.add(nowMs)
    this.#usedToday += 1
    // Search replies carry no limit headers.
    return { allowed: true, headers: call.search ? {} : headers(limits.rateLimit - used - 1) }
  }

  #dayIn(timeZone: string, nowMs: number): string {
    if (this.#calendar.timeZone !== timeZone) {
      this.#calendar = { timeZone, format: new Intl.DateTimeFormat('en-CA', { timeZone }) }
    }
    return this.#calendar.format.format(nowMs)
  }
}
