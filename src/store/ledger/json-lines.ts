import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'

/** A file with one JSON document a line, readable by its owner only. Writing waits for the disk: memory stays small. */
export type JsonLines = {
  write(line: unknown): Promise<void>
  close(): Promise<void>
}

/** `wx` refuses a file that exists, `w` replaces it. */
export async function createJsonLines(path: string, flags: 'w' | 'wx'): Promise<JsonLines> {
  const out = createWriteStream(path, { mode: 0o600, flags })
  await once(out, 'open')
  const failure = failureOf(out)
  return {
    async write(line) {
      if (!out.write(`${JSON.stringify(line)}\n`)) await Promise.race([once(out, 'drain'), failure])
    },
    async close() {
      out.end()
      await Promise.race([once(out, 'close'), failure])
    },
  }
}

/** A full disk is reported by an event, possibly while we wait for something else. */
function failureOf(out: WriteStream): Promise<never> {
  const failure = new Promise<never>((_, reject) => out.once('error', reject))
  failure.catch(() => undefined)
  return failure
}
