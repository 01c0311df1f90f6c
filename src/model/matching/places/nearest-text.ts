/** The known text that was most likely meant by a slip of the keys; null where none is close enough to be named. */
export function nearestText(written: string, known: Iterable<string>): string | null {
  // Of three letters one slip makes every other word.
  const allowed = written.length < 4 ? 0 : written.length < 8 ? 1 : 2
  let nearest: string | null = null
  let least = allowed + 1
  for (const text of known) {
    if (Math.abs(text.length - written.length) >= least) continue
    const slips = slipsBetween(written, text, least)
    if (slips < least) {
      least = slips
      nearest = text
    }
  }
  return nearest
}

/** Letters to add, drop, change or swap with their neighbour; `atLeast` where it is as many or more. */
function slipsBetween(a: string, b: string, atLeast: number): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, change, isSwap ? before[j - 2]! + 1 : change))
    }
    if (Math.min(...next) >= atLeast) return atLeast
    before = row
    row = next
  }
  return row[b.length]!
}
