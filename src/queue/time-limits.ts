import { setTimeout as delay } from 'node:timers/promises'

/** A wake through a healthy store takes a few milliseconds. */
const CALL_TIMEOUT_MS = 5_000

/** Rejects when the store of the queue takes longer than a healthy one does. */
export async function inTime<T>(call: Promise<T>): Promise<T> {
  const timeout = new AbortController()
  const late = delay(CALL_TIMEOUT_MS, undefined, { signal: timeout.signal, ref: false }).then(() => {
    throw new Error(`no answer from the queue within ${CALL_TIMEOUT_MS / 1000} s`)
  })
  // Cancelled below, which rejects it.
  late.catch(() => undefined)
  return Promise.race([call, late]).finally(() => timeout.abort())
}

/** Waits for work at most `capMs`, and does not say whether it ended. */
export async function within(capMs: number, work: Promise<unknown>): Promise<void> {
  const timeout = new AbortController()
  await Promise.race([work, delay(capMs, undefined, { signal: timeout.signal }).catch(() => undefined)])
  timeout.abort()
}
