import type { SandboxSettings } from '../portal/settings.ts'
import { WaitingEvents } from './waiting-events.ts'
import type { WebhookEvent } from './webhook-event.ts'
import { IN_FLIGHT_MAX, webhookPost } from './webhook-post.ts'
import { signatureV1, signatureV3 } from './webhook-signature.ts'

/** HubSpot's documented batch. */
const BATCH_MAX = 100
/** HubSpot's documented number of retries. */
const RETRIES_MAX = 10
/** Events of the same moment go out together. */
const COALESCE_MS = 10
/** How soon a changed setting takes effect while a delay holds events back. */
const RECHECK_MS = 50
/**
 * About 100 MB of events, more than three minutes of 500 a second. Beyond that the sender drops the oldest and counts
 * them as failed: a receiver that was down this long loses events at HubSpot too.
 */
const WAITING_MAX = 100_000

type Batch = { readonly events: readonly unknown[]; readonly attempt: number }

type WebhookCounts = {
  readonly sent: number
  readonly acknowledged: number
  readonly failed: number
  readonly pending: number
}

type WebhookSenderOptions = {
  readonly clientSecret: () => string
  readonly settings: () => SandboxSettings
  /** In [0, 1), for loss, shuffling and retry delays. */
  readonly random: () => number
}

/** Sends events as HubSpot does: in signed batches, with retries, in no guaranteed order. */
export class WebhookSender {
  readonly #options: WebhookSenderOptions
  readonly #waiting: WaitingEvents
  readonly #post = webhookPost()
  readonly #retries: Batch[] = []
  readonly #smuggled: unknown[] = []
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #counts = { sent: 0, acknowledged: 0, failed: 0 }
  #pending = 0
  #inFlight = 0
  #wakeTimer: NodeJS.Timeout | null = null
  #closed = false

  constructor(options: WebhookSenderOptions) {
    this.#options = options
    this.#waiting = new WaitingEvents(options.random)
  }

  add(event: WebhookEvent): void {
    const { webhookUrl, webhookLoss, webhookDuplicate, webhookDelayMs } = this.#options.settings()
    if (webhookUrl === null || this.#closed) return
    const readyAtMs = Date.now() + webhookDelayMs
    for (let copy = 0; copy <= webhookDuplicate; copy += 1) {
      if (this.#options.random() < webhookLoss) {
        this.#counts.failed += 1
        continue
      }
      this.#waiting.add(event, readyAtMs)
      this.#pending += 1
    }
    while (this.#pending > WAITING_MAX && this.#waiting.dropOldest()) {
      this.#pending -= 1
      this.#counts.failed += 1
    }
    this.#schedule(COALESCE_MS)
  }

  counts(): WebhookCounts {
    return { ...this.#counts, pending: this.#pending }
  }

  /** The next ordinary delivery carries this item among its events. */
  smuggle(item: unknown): void {
    this.#smuggled.push(item)
    this.#pending += 1
  }

  /** Delivers exactly these items in one signed request, without retries. True: the receiver answered 2xx. */
  deliverNow(items: readonly unknown[]): Promise<boolean> {
    const { webhookUrl } = this.#options.settings()
    if (webhookUrl === null) throw new Error('There is no webhookUrl to deliver to')
    return this.#postSigned(webhookUrl, items)
  }

  /** After a change of settings: waiting events go to the new address. */
  wake(): void {
    this.#schedule(0)
  }

  close(): void {
    this.#closed = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#post.close()
  }

  #schedule(ms: number): void {
    if (this.#closed || this.#wakeTimer !== null) return
    this.#wakeTimer = this.#later(ms, () => {
      this.#wakeTimer = null
      this.#pump()
    })
  }

  #later(ms: number, run: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      run()
    }, ms)
    this.#timers.add(timer)
    return timer
  }

  #pump(): void {
    const { webhookUrl } = this.#options.settings()
    if (this.#closed || webhookUrl === null) return
    while (this.#inFlight < IN_FLIGHT_MAX) {
      const batch = this.#nextBatch()
      if (batch === undefined) break
      this.#inFlight += 1
      void this.#deliver(webhookUrl, batch)
    }
    const next = this.#waiting.nextReadyAtMs
    if (next !== undefined && this.#inFlight < IN_FLIGHT_MAX) {
      this.#schedule(Math.min(Math.max(1, next - Date.now()), RECHECK_MS))
    }
  }

  #nextBatch(): Batch | undefined {
    const retry = this.#retries.shift()
    if (retry !== undefined) return retry
    const { settings } = this.#options
    const events = this.#waiting.take(BATCH_MAX, Date.now(), () => settings().webhookShuffle)
    if (events.length === 0) return undefined
    const middle = Math.ceil(events.length / 2)
    const items = [...events.slice(0, middle), ...this.#smuggled.splice(0), ...events.slice(middle)]
    return { events: items, attempt: settings().webhookFirstAttempt }
  }

  async #deliver(url: string, batch: Batch): Promise<void> {
    this.#counts.sent += batch.events.length
    const ok = await this.#postSigned(
      url,
      batch.events.map((event) => withAttempt(event, batch.attempt)),
    )
    this.#inFlight -= 1
    if (this.#closed) return
    if (ok) {
      this.#counts.acknowledged += batch.events.length
      this.#pending -= batch.events.length
    } else this.#retry(batch)
    this.#pump()
  }

  #postSigned(url: string, items: readonly unknown[]): Promise<boolean> {
    const body = Buffer.from(JSON.stringify(items))
    const secret = this.#options.clientSecret()
    // Signed per attempt: a retry hours later must pass the receiver's five-minute check. Uses the portal's own clock.
    const timestamp = String(Date.now() + this.#options.settings().clockOffsetMs)
    return this.#post.send(url, body, {
      'content-type': 'application/json',
      'user-agent': 'HubSpot Webhooks',
      'x-hubspot-signature': signatureV1(secret, body),
      'x-hubspot-signature-version': 'v1',
      'x-hubspot-signature-v3': signatureV3(secret, 'POST', url, body, timestamp),
      'x-hubspot-request-timestamp': timestamp,
    })
  }

  #retry(batch: Batch): void {
    const { webhookFirstAttempt, webhookRetryBaseMs } = this.#options.settings()
    const attempt = batch.attempt + 1
    if (attempt - webhookFirstAttempt > RETRIES_MAX) {
      this.#counts.failed += batch.events.length
      this.#pending -= batch.events.length
      return
    }
    // Doubling up to a minute, each between half and one and a half of it: "varied and randomised".
    const step = Math.min(webhookRetryBaseMs * 2 ** Math.min(batch.attempt, 20), Math.max(60_000, webhookRetryBaseMs))
    this.#later(step * (0.5 + this.#options.random()), () => {
      this.#retries.push({ events: batch.events, attempt })
      this.#pump()
    })
  }
}

/** Items that are not events stay as they are. */
function withAttempt(event: unknown, attemptNumber: number): unknown {
  return typeof event === 'object' && event !== null && 'subscriptionType' in event
    ? { ...event, attemptNumber }
    : event
}
