import { setTimeout as delay } from 'node:timers/promises'
import type { Settings } from '../../config/settings/settings.ts'

const READY_WITHIN_MS = 120_000

/** The service as this machine reaches it: not every system can call 0.0.0.0. */
export function localUrl({ host, port }: Settings): string {
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
}

export async function untilReady(
  url: string,
  { onProgress, signal }: { onProgress: (step: string) => void; signal: AbortSignal },
): Promise<void> {
  const from = performance.now()
  let said = 0
  for (;;) {
    signal.throwIfAborted()
    const missing = await readiness(url)
    if (missing === null) return
    const waitedMs = performance.now() - from
    if (waitedMs > READY_WITHIN_MS) throw new Error(`The service did not become ready within two minutes: ${missing}`)
    if (waitedMs > said + 10_000) {
      said = waitedMs
      onProgress(`Still waiting: ${missing}`)
    }
    await delay(40, undefined, { signal })
  }
}

/** Null: ready. Otherwise what is missing. */
async function readiness(url: string): Promise<string | null> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) })
    if (response.ok) {
      await response.body?.cancel()
      return null
    }
    const { checks = [] } = (await response.json()) as { checks?: { problem?: string }[] }
    return checks.flatMap(({ problem }) => problem ?? []).join('; ') || `it answers ${response.status}`
  } catch {
    return 'the service does not answer yet'
  }
}
