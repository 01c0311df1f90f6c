/** The known name that was most likely meant. Undefined: none is known, or none is within so many slips of the keys. */
export function nearestName<Name extends string>(
  written: string,
  known: readonly Name[],
  slipsMax = Number.POSITIVE_INFINITY,
): Name | undefined {
  const nearest = known.toSorted((a, b) => editDistance(written, a) - editDistance(written, b))[0]
  return nearest === undefined || editDistance(written, nearest) > slipsMax ? undefined : nearest
}

/** The same, where it is so near that it can be a slip of the fingers. Undefined: none is. */
export function slipOf<Name extends string>(written: string, known: readonly Name[]): Name | undefined {
  const nearest = nearestName(written, known)
  if (nearest === undefined) return undefined
  const letters = Math.min(written.length - 1, Math.max(2, Math.floor(written.length / 3)))
  return editDistance(written, nearest) <= letters ? nearest : undefined
}

/** Levenshtein's: how many letters to add, drop or change. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, change))
    }
    row = next
  }
  return row[b.length] ?? 0
}
