/** Texts of one company are few and come again with every record. */
const KEPT_MAX = 10_000

/** The same function, asked once for each text while it is kept. All are forgotten when there are too many. */
export function remembered<Read>(read: (text: string) => Read): (text: string) => Read {
  const kept = new Map<string, { readonly is: Read }>()
  return (text) => {
    let known = kept.get(text)
    if (known === undefined) {
      known = { is: read(text) }
      if (kept.size >= KEPT_MAX) kept.clear()
      kept.set(text, known)
    }
    return known.is
  }
}
