import type { WebhookEvent } from './webhook-event.ts'

type Waiting = { readonly event: WebhookEvent; readonly readyAtMs: number }

/** Events that wait for their first delivery, oldest first. `random` gives numbers in [0, 1). */
export class WaitingEvents {
  readonly #random: () => number
  // A queue with a moving head: shifting an array of a quarter million entries would cost too much.
  #events: Waiting[] = []
  #head = 0

  constructor(random: () => number) {
    this.#random = random
  }

  /** Undefined: nothing waits. */
  get nextReadyAtMs(): number | undefined {
    return this.#events[this.#head]?.readyAtMs
  }

  add(event: WebhookEvent, readyAtMs: number): void {
    this.#events.push({ event, readyAtMs })
  }

  /** False: nothing waits. */
  dropOldest(): boolean {
    if (this.#head >= this.#events.length) return false
    this.#head += 1
    return true
  }

  /** At most `max` events that are ready. */
  take(max: number, nowMs: number, shuffled: () => boolean): WebhookEvent[] {
    const taken: WebhookEvent[] = []
    while (taken.length < max && (this.nextReadyAtMs ?? Number.POSITIVE_INFINITY) <= nowMs) {
      if (shuffled()) this.#swapWithLater(4 * max, nowMs)
      taken.push(this.#events[this.#head]!.event)
      this.#head += 1
    }
    if (this.#head > 10_000 && this.#head * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#head)
      this.#head = 0
    }
    return taken
  }

  /** Swaps in one of the next `range` events if it is ready, so that order breaks across batches too. */
  #swapWithLater(range: number, nowMs: number): void {
    const other = this.#head + Math.floor(this.#random() * Math.min(range, this.#events.length - this.#head))
    const candidate = this.#events[other]!
    if (candidate.readyAtMs > nowMs) return
    this.#events[other] = this.#events[this.#head]!
    this.#events[this.#head] = candidate
  }
}
