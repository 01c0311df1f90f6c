import { canonicalJson } from '../canonical.ts'

/** What happened to the rows of an ordered list whose rows have names. */
export type RowChange<Row> =
  | { readonly kind: 'added'; readonly to: Row; readonly toPlace: number; readonly before: Row | null }
  | { readonly kind: 'removed'; readonly from: Row; readonly fromPlace: number }
  | { readonly kind: 'moved'; readonly to: Row; readonly fromPlace: number; readonly toPlace: number }
  | { readonly kind: 'changed'; readonly from: Row; readonly to: Row }

/**
 * Compares two lists row by row, by the rows' names. As few rows as can be count as moved: those outside the longest run that
 * kept its order. Names that come twice in a list are told apart by how often they came before.
 */
export function diffRows<Row>(
  from: readonly Row[],
  to: readonly Row[],
  nameOf: (row: Row) => string,
): RowChange<Row>[] {
  const before = placesOf(from, nameOf)
  const after = placesOf(to, nameOf)
  const changes: RowChange<Row>[] = []
  for (const [name, fromPlace] of before) {
    if (!after.has(name)) changes.push({ kind: 'removed', from: from[fromPlace]!, fromPlace })
  }
  const common = [...after].filter(([name]) => before.has(name))
  const kept = new Set(longestRise(common.map(([name]) => before.get(name)!)))
  for (const [name, toPlace] of after) {
    const fromPlace = before.get(name)
    const row = to[toPlace]!
    if (fromPlace === undefined) {
      changes.push({ kind: 'added', to: row, toPlace, before: to[toPlace + 1] ?? null })
      continue
    }
    if (!kept.has(fromPlace)) changes.push({ kind: 'moved', to: row, fromPlace, toPlace })
    const old = from[fromPlace]!
    if (!isSame(old, row)) changes.push({ kind: 'changed', from: old, to: row })
  }
  return changes
}

/** Whether two values are spelled the same, as the hash of a policy spells them. */
export function isSame(a: unknown, b: unknown): boolean {
  return canonicalJson(a ?? null) === canonicalJson(b ?? null)
}

function placesOf<Row>(rows: readonly Row[], nameOf: (row: Row) => string): Map<string, number> {
  const places = new Map<string, number>()
  const times = new Map<string, number>()
  for (const [place, row] of rows.entries()) {
    const name = nameOf(row)
    const time = times.get(name) ?? 0
    times.set(name, time + 1)
    places.set(`${name}\n${time}`, place)
  }
  return places
}

/** The longest subsequence that rises. Tables have tens of rows, so the plain way will do. */
function longestRise(places: readonly number[]): number[] {
  const best: number[][] = []
  let longest: number[] = []
  for (const [i, place] of places.entries()) {
    let run: number[] = []
    for (let j = 0; j < i; j += 1) {
      const candidate = best[j]!
      if (places[j]! < place && candidate.length > run.length) run = candidate
    }
    best.push([...run, place])
    if (run.length + 1 > longest.length) longest = best[i]!
  }
  return longest
}
