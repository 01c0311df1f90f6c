import type { SandboxSettings } from '../portal/settings.ts'
import type { WebhookEvent } from './webhook-event.ts'
import { IN_FLIGHT_MAX, webhookPost } from './webhook-post.ts'
import { signatureV1, signatureV3 } from './webhook-signature.ts'

/** HubSpot's documented batch. */
const BATCH_MAX = 100
/** HubSpot's documented number of retries. */
const RETRIES_MAX = 10
/** Events that happen together travel together. */
const COALESCE_MS = 10
/** While events are held back by a delay, so that a changed setting takes effect. */
const LOOK_AGAIN_MS = 50
/**
 * About 100 MB of events, more than three minutes of 500 a second. Beyond, the oldest waiting ones are dropped and
 * counted as failed: a receiver that has been away this long loses some at HubSpot too.
 */
const WAITING_MAX = 100_000

type Batch = { readonly events: readonly unknown[]; readonly attempt: number }

type WebhookCounts = { sent: number; acknowledged: number; failed: number; pending: number }

export type WebhookSender = {
  add(event: WebhookEvent): void
  counts(): WebhookCounts
  /** The next ordinary delivery carries this item too, among the others. */
  smuggle(item: unknown): void
  /** One delivery of these items as they are, signed now. True when it was answered 2xx. Not retried. */
  deliverNow(items: readonly unknown[]): Promise<boolean>
  /** A new address: what waits goes there. */
  wake(): void
  close(): void
}

/** Sends events as HubSpot does: in batches, signed, retried, in no promised order. `random` gives numbers in [0, 1). */
export function webhookSender(options: {
  readonly clientSecret: () => string
  readonly settings: () => SandboxSettings
  readonly random: () => number
}): WebhookSender {
  const { settings, random } = options
  const post = webhookPost()
  const counts = { sent: 0, acknowledged: 0, failed: 0 }
  // A queue with a moving head: shifting an array of a quarter million entries would cost too much.
  let waiting: { readonly event: WebhookEvent; readonly readyAtMs: number }[] = []
  let head = 0
  const retries: Batch[] = []
  const smuggled: unknown[] = []
  const timers = new Set<NodeJS.Timeout>()
  let unfinished = 0
  let inFlight = 0
  let wakeTimer: NodeJS.Timeout | null = null
  let closed = false

  function later(ms: number, run: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      timers.delete(timer)
      run()
    }, ms)
    timers.add(timer)
    return timer
  }

  function schedule(ms: number): void {
    if (closed || wakeTimer !== null) return
    wakeTimer = later(ms, () => {
      wakeTimer = null
      pump()
    })
  }

  function add(event: WebhookEvent): void {
    const { webhookUrl, webhookLoss, webhookDuplicate, webhookDelayMs } = settings()
    if (webhookUrl === null || closed) return
    const readyAtMs = Date.now() + webhookDelayMs
    for (let copy = 0; copy <= webhookDuplicate; copy += 1) {
      if (random() < webhookLoss) {
        counts.failed += 1
        continue
      }
      waiting.push({ event, readyAtMs })
      unfinished += 1
    }
    while (unfinished > WAITING_MAX && head < waiting.length) {
      head += 1
      unfinished -= 1
      counts.failed += 1
    }
    schedule(COALESCE_MS)
  }

  function nextBatch(): Batch | undefined {
    const retry = retries.shift()
    if (retry !== undefined) return retry
    const nowMs = Date.now()
    const events: WebhookEvent[] = []
    while (events.length < BATCH_MAX && head < waiting.length && waiting[head]!.readyAtMs <= nowMs) {
      if (settings().webhookShuffle) swapWithLater(nowMs)
      events.push(waiting[head]!.event)
      head += 1
    }
    if (head > 10_000 && head * 2 > waiting.length) {
      waiting = waiting.slice(head)
      head = 0
    }
    if (events.length === 0) return undefined
    const middle = Math.ceil(events.length / 2)
    const items = [...events.slice(0, middle), ...smuggled.splice(0), ...events.slice(middle)]
    return { events: items, attempt: settings().webhookFirstAttempt }
  }

  /** Puts some ready event among the next few hundred first, so that order breaks across batches too. */
  function swapWithLater(nowMs: number): void {
    const other = head + Math.floor(random() * Math.min(4 * BATCH_MAX, waiting.length - head))
    const candidate = waiting[other]!
    if (candidate.readyAtMs > nowMs) return
    waiting[other] = waiting[head]!
    waiting[head] = candidate
  }

  function pump(): void {
    const { webhookUrl } = settings()
    if (closed || webhookUrl === null) return
    while (inFlight < IN_FLIGHT_MAX) {
      const batch = nextBatch()
      if (batch === undefined) break
      inFlight += 1
      void deliver(webhookUrl, batch)
    }
    const next = waiting[head]
    if (next !== undefined && inFlight < IN_FLIGHT_MAX) {
      schedule(Math.min(Math.max(1, next.readyAtMs - Date.now()), LOOK_AGAIN_MS))
    }
  }

  function postSigned(url: string, items: readonly unknown[]): Promise<boolean> {
    const body = Buffer.from(JSON.stringify(items))
    const secret = options.clientSecret()
    // Per attempt: a retry hours later has to pass the receiver's check of five minutes. By the portal's own clock.
    const timestamp = String(Date.now() + settings().clockOffsetMs)
    return post.send(url, body, {
      'content-type': 'application/json',
      'user-agent': 'HubSpot Webhooks',
      'x-hubspot-signature': signatureV1(secret, body),
      'x-hubspot-signature-version': 'v1',
      'x-hubspot-signature-v3': signatureV3(secret, 'POST', url, body, timestamp),
      'x-hubspot-request-timestamp': timestamp,
    })
  }

  async function deliver(url: string, batch: Batch): Promise<void> {
    counts.sent += batch.events.length
    const ok = await postSigned(
      url,
      batch.events.map((event) => withAttempt(event, batch.attempt)),
    )
    inFlight -= 1
    if (closed) return
    if (ok) {
      counts.acknowledged += batch.events.length
      unfinished -= batch.events.length
    } else retry(batch)
    pump()
  }

  function retry(batch: Batch): void {
    const { webhookFirstAttempt, webhookRetryBaseMs } = settings()
    const attempt = batch.attempt + 1
    if (attempt - webhookFirstAttempt > RETRIES_MAX) {
      counts.failed += batch.events.length
      unfinished -= batch.events.length
      return
    }
    // Doubling up to a minute, each between half and one and a half of it: "varied and randomised".
    const step = Math.min(webhookRetryBaseMs * 2 ** Math.min(batch.attempt, 20), Math.max(60_000, webhookRetryBaseMs))
    later(step * (0.5 + random()), () => {
      retries.push({ events: batch.events, attempt })
      pump()
    })
  }

  return {
    add,
    smuggle: (item) => {
      smuggled.push(item)
      unfinished += 1
    },
    deliverNow(items) {
      const { webhookUrl } = settings()
      if (webhookUrl === null) throw new Error('There is no webhookUrl to deliver to')
      return postSigned(webhookUrl, items)
    },
    counts: () => ({ ...counts, pending: unfinished }),
    wake: () => schedule(0),
    close() {
      closed = true
      for (const timer of timers) clearTimeout(timer)
      post.close()
    },
  }
}

/** Items that are no events stay as they are. */
function withAttempt(event: unknown, attemptNumber: number): unknown {
  return typeof event === 'object' && event !== null && 'subscriptionType' in event
    ? { ...event, attemptNumber }
    : event
}
