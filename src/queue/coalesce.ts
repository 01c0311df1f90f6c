/**
 * Calls `send` for a key at once, and then at most once per `intervalMs` and never twice at the same time, however often
 * it is asked. A request during a call leads to one more call after it: what was committed before the request is always
 * committed before some later call begins.
 */
export function coalesce(
  intervalMs: number,
  send: (key: string) => Promise<void>,
): { request(key: string): void; stop(): void } {
  const busy = new Map<string, { again: boolean }>()
  let stopped = false

  async function run(key: string, state: { again: boolean }): Promise<void> {
    do {
      state.again = false
      const earliestNext = new Promise<void>((resolve) => setTimeout(resolve, intervalMs))
      await send(key).catch(() => undefined)
      await earliestNext
    } while (state.again && !stopped)
    busy.delete(key)
  }

  return {
    request(key) {
      if (stopped) return
      const state = busy.get(key)
      if (state) {
        state.again = true
        return
      }
      const fresh = { again: false }
      busy.set(key, fresh)
      void run(key, fresh)
    },
    stop() {
      stopped = true
    },
  }
}
