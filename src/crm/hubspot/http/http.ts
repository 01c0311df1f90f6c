import { setTimeout as pause } from 'node:timers/promises'
import { type CallBudget, CrmBusyError, CrmUnknownError, notSentBecause, withQuietNotes } from '../../crm-client.ts'
import type { AnswerClock } from '../../crm-clock.ts'
import type { HubSpotCall, HubSpotHttp } from './call.ts'
import { HubSpotOutage, HubSpotTokenRefused } from './errors.ts'
import { sendOnce } from './send-once.ts'
import { usageObserver } from './usage-headers.ts'

export type HubSpotHttpOptions = {
  readonly baseUrl: string
  readonly token: () => Promise<string>
  /** Receives a token that HubSpot rejected, so that its keeper can fetch another before the one retry. */
  readonly tokenRejected?: ((token: string) => Promise<void>) | undefined
  readonly budget: CallBudget
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Overrides both deadlines, for tests. */
  readonly deadlineMs?: number | undefined
  readonly nowMs: () => number
  readonly clock: AnswerClock
  /** IANA zone of the account once known: its midnight ends a spent day. */
  readonly timeZone: () => string | null
}

const ATTEMPTS_MAX = 3
// A pause up to this long is waited out here; a longer one goes back to the queue, which has other work.
const SHORT_WAIT_MS = 2_000

/**
 * Every request to HubSpot's data API passes through here: token, budget gate, one exchange, one meaning per failure. A
 * request is retried only if a second copy changes nothing.
 */
export function createHubSpotHttp(given: HubSpotHttpOptions): HubSpotHttp {
  const options = { ...given, budget: withQuietNotes(given.budget) }
  const observeUsage = usageObserver(options)
  return async function call(request) {
    let isTokenRetried = false
    for (let attempt = 1; ; attempt += 1) {
      const token = await withoutSending(options.token)
      const outcome = await sendOnce({ ...options, observeUsage }, request, token)
      if (!('failure' in outcome)) return outcome
      const { failure } = outcome
      if (failure instanceof HubSpotTokenRefused && !isTokenRetried) {
        // HubSpot's guide: one 401 proves nothing about the token. Nothing was done, so try once more.
        isTokenRetried = true
        await withoutSending(async () => options.tokenRejected?.(token))
        await pause(backoffMs(1))
      } else {
        await waitForRetry(options, request, { failure, attempt })
      }
    }
  }
}

/** A login that fails says nothing about the request that it is for: that one was not sent. */
async function withoutSending<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    throw notSentBecause(error)
  }
}

/** Throws the failure where the request is not to be retried here. */
async function waitForRetry(
  { budget, nowMs }: HubSpotHttpOptions,
  request: HubSpotCall,
  { failure, attempt }: { readonly failure: Error; readonly attempt: number },
): Promise<void> {
  if (failure instanceof CrmBusyError) {
    await budget.pauseUntil(failure.retryAtMs, failure.message)
    const waitMs = failure.retryAtMs - nowMs()
    if (attempt >= ATTEMPTS_MAX || waitMs > SHORT_WAIT_MS) throw failure
    await pause(Math.max(waitMs, 0) + Math.random() * 100)
    return
  }
  if (!(failure instanceof CrmUnknownError)) throw failure
  const outage = failure instanceof HubSpotOutage ? failure : null
  if (outage?.retryAtMs) await budget.pauseUntil(outage.retryAtMs, outage.message)
  const isRepeatable = request.kind !== 'write' || request.repeatable === true
  const waitMs = Math.max((outage?.retryAtMs ?? 0) - nowMs(), outage?.pauseMs ?? 0)
  if (!isRepeatable || attempt >= ATTEMPTS_MAX || waitMs > SHORT_WAIT_MS) throw failure
  await pause(Math.max(backoffMs(attempt), waitMs))
}

function backoffMs(attempt: number): number {
  return 150 * 2 ** attempt * (0.5 + Math.random())
}
