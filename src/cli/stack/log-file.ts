import { createWriteStream, mkdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** A log that is larger at the start is set aside, so at most two of this size are kept. */
const LARGE_BYTES = 50_000_000

export type LogFiles = { write(name: string, line: string): void; path(name: string): string; close(): void }

/** One file per child under `logs`. A disk that is full loses log lines and nothing else. */
export function openLogFiles(dataDir: string): LogFiles {
  const directory = join(dataDir, 'logs')
  const streams = new Map<string, ReturnType<typeof createWriteStream>>()
  const path = (name: string) => join(directory, `${name}.log`)
  function open(name: string) {
    mkdirSync(directory, { recursive: true })
    try {
      if (statSync(path(name)).size > LARGE_BYTES) renameSync(path(name), `${path(name)}.1`)
    } catch {
      // There is none yet.
    }
    const stream = createWriteStream(path(name), { flags: 'a', mode: 0o600 })
    stream.on('error', () => undefined)
    streams.set(name, stream)
    return stream
  }
  return {
    write(name, line) {
      ;(streams.get(name) ?? open(name)).write(`${line}\n`)
    },
    path,
    close() {
      for (const stream of streams.values()) stream.end()
    },
  }
}

const ERROR_LEVEL = 50

/** The sentence of a log line that somebody should see now; null for the others. */
export function alarmingLine(line: string): string | null {
  if (!line.startsWith('{')) return line.trim() === '' ? null : line
  try {
    const { level, msg, err } = JSON.parse(line) as { level?: number; msg?: string; err?: { message?: string } }
    if ((level ?? 0) < ERROR_LEVEL) return null
    return [msg, err?.message].filter(Boolean).join(': ')
  } catch {
    return line
  }
}
