export type StopSignals = {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal
  close(): void
}

/**
 * npm, the launcher and the terminal may each pass on the same Ctrl-C, so what comes within this time is one. A person
 * needs longer to press it a second time.
 */
const SAME_PRESS_MS = 400

/** First Ctrl-C: stop in order. Second: stop now. The launcher's end counts as the first. */
export function listenForStop(handlers: { readonly onStop: () => void; readonly onStopNow: () => void }): StopSignals {
  const controller = new AbortController()
  let firstAt = 0
  const onSignal = () => {
    const now = performance.now()
    if (!controller.signal.aborted) {
      firstAt = now
      controller.abort()
      handlers.onStop()
    } else if (now - firstAt > SAME_PRESS_MS) {
      handlers.onStopNow()
    }
  }
  const onDisconnect = () => {
    if (!controller.signal.aborted) onSignal()
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal)
  process.on('disconnect', onDisconnect)
  // The channel to the launcher must not keep us running.
  process.channel?.unref()
  return {
    signal: controller.signal,
    close() {
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(name, onSignal)
      process.off('disconnect', onDisconnect)
    },
  }
}
