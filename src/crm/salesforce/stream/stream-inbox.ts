import type { FetchResponse, SubscribeStream } from './pubsub-channel.ts'

/** The stream is open, but neither changes nor keepalives come. */
export class StreamSilentError extends Error {
  override readonly name = 'StreamSilentError'
}

/** Messages of one stream that are not processed yet, and the watchdog that ends a silent stream. */
export type Inbox = {
  /** All messages since the last call; waits for the first. Null once the server has ended the stream. */
  next(): Promise<FetchResponse[] | null>
  /** From now on a message has to arrive at least this often. */
  expect(silenceMaxMs: number): void
  close(): void
}

/** Bounded by what we requested: at most 100 events wait here, and a keepalive per minute. */
export function openInbox(stream: SubscribeStream, signal: AbortSignal, firstSilenceMaxMs: number): Inbox {
  let arrived: FetchResponse[] = []
  let headers = false
  let ended: { error: unknown } | null = null
  let wake: (() => void) | null = null
  const ring = () => {
    wake?.()
    wake = null
  }
  const end = (error: unknown) => {
    ended ??= { error }
    ring()
  }
  let silenceMaxMs = firstSilenceMaxMs
  const dead = () =>
    end(new StreamSilentError(`no message from Salesforce for ${silenceMaxMs} ms, we treat the stream as dead`))
  let watchdog = setTimeout(dead, silenceMaxMs)
  const abort = () => end(null)
  signal.addEventListener('abort', abort, { once: true })
  stream.on('metadata', () => {
    headers = true
    watchdog.refresh()
    ring()
  })
  stream.on('data', (response: FetchResponse) => {
    watchdog.refresh()
    arrived.push(response)
    ring()
  })
  // Stays attached: a cancelled stream reports an error too, and an unhandled one would end the process.
  stream.on('error', end)
  // Not 'end', which may overtake the error that explains it.
  stream.on('status', () => end(null))

  return {
    async next() {
      for (;;) {
        if (signal.aborted) return null
        if (arrived.length > 0 || headers) {
          const batch = arrived
          arrived = []
          headers = false
          return batch
        }
        if (ended) {
          if (ended.error !== null) throw ended.error
          return null
        }
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    expect(maxMs) {
      if (maxMs === silenceMaxMs) return
      silenceMaxMs = maxMs
      clearTimeout(watchdog)
      watchdog = setTimeout(dead, silenceMaxMs)
    },
    close() {
      clearTimeout(watchdog)
      signal.removeEventListener('abort', abort)
    },
  }
}
