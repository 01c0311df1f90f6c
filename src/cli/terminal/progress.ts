import type { Out } from './command.ts'
import { liveLine } from './live-line.ts'

/** What is over by then needs no line of its own. */
const SILENT_MS = 2_000

/** What is being read and for how long, once it takes long. On standard error, so that `--json` stays JSON. */
export function showProgress(out: Out): { part(what: string): void; end(): void } {
  const line = liveLine(out)
  const startedAt = performance.now()
  let reading = ''
  const timer = setInterval(() => {
    const ms = performance.now() - startedAt
    // Without a terminal each line stays, so there a new part is news and another second is not.
    if (ms >= SILENT_MS) line.show(`Reading ${reading}${out.isTTY ? `, ${Math.floor(ms / 1_000)} s` : ''}`)
  }, 500)
  timer.unref()
  return {
    part(what) {
      reading = what
    },
    end() {
      clearInterval(timer)
      line.end()
    },
  }
}
