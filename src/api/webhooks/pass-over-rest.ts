import type { Readable } from 'node:stream'

/** What is read and thrown away at the most. A sender of more, or of nothing more, is cut off. */
const PASSED_OVER_MAX = { bytes: 64 * 1024 * 1024, ms: 5_000 }

/**
 * Reads the rest of a refused body and keeps none of it. Without this the socket closes while the sender still sends:
 * its system then throws our answer away, and the sender sees a broken connection where we asked it to come again.
 */
export async function passOverRest(body: Readable, { bytes, ms } = PASSED_OVER_MAX): Promise<void> {
  if (body.readableEnded || body.destroyed) return
  let left = bytes
  await new Promise<void>((resolve) => {
    const timer = setTimeout(end, ms)
    function take(chunk: Buffer | string): void {
      left -= chunk.length
      if (left < 0) end()
    }
    function end(): void {
      clearTimeout(timer)
      body.off('data', take)
      body.pause()
      for (const name of ENDS) body.off(name, end)
      resolve()
    }
    for (const name of ENDS) body.once(name, end)
    body.on('data', take)
    body.resume()
  })
}

const ENDS = ['end', 'close', 'error'] as const
