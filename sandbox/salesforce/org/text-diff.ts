import { createHash } from 'node:crypto'

/** Long text whose old value is longer than this goes out as a difference (vendor's sample: 1,000 characters). */
export const DIFF_ABOVE = 1_000

/** One hunk between the common beginning and end of two texts, in the vendor's form with a hash of the old value. */
export function unifiedDiff(before: string, after: string): string {
  const old = before.split('\n')
  const next = after.split('\n')
  let start = 0
  while (start < old.length && start < next.length && old[start] === next[start]) start++
  let tail = 0
  while (tail < old.length - start && tail < next.length - start && old.at(-1 - tail) === next.at(-1 - tail)) tail++
  const removed = old.slice(start, old.length - tail).map((line) => `-${line}`)
  const added = next.slice(start, next.length - tail).map((line) => `+${line}`)
  const hash = createHash('sha256').update(before).digest('hex')
  const range = `@@ -${start + 1},${removed.length} +${start + 1},${added.length} @@`
  return [`--- \n+++ ${hash}\n`, range, ...removed, ...added].join('\n')
}
