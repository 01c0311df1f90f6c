import type { FetchResponse, SubscribeStream } from './pubsub-channel.ts'

/** What arrived on one stream and was not taken yet, with the watchdog over its silence. */
export type Inbox = {
  /** Everything that arrived since the last call, at least one message; null once the server has ended the stream. */
  next(): Promise<FetchResponse[] | null>
  /** From here on something has to come at least this often. */
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
  const dead = () => end(new Error(`no message from Salesforce for ${silenceMaxMs} ms, the stream is taken for dead`))
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
  // Stays attached: a stream that is cancelled reports that as an error too, and nobody else listens by then.
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
