/** The known name that was most likely meant. The sandbox shares no code with the service, so this is its own. */
export function nearestOption(written: string, known: readonly string[]): string | undefined {
  return known.toSorted((a, b) => lettersApart(written, a) - lettersApart(written, b))[0]
}

/** How many letters to add, drop or change. */
function lettersApart(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const letter of a) {
    const next = [row[0]! + 1]
    for (let j = 0; j < b.length; j++) {
      next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + (letter === b[j] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}
