/**
 * One spelling of a value as JSON: keys sorted by code unit, no white space, undefined left out, sets as sorted lists.
 * Receipts and policies are hashed in this form, so that whoever has the document can compute the hash again.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value))
      throw new TypeError(`Cannot write ${value} as JSON: only finite numbers have a spelling`)
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`
  if (value instanceof Set) return canonicalJson([...value].sort())
  if (typeof value === 'object') {
    const fields = value as Readonly<Record<string, unknown>>
    const parts: string[] = []
    for (const key of Object.keys(fields).sort()) {
      if (fields[key] !== undefined) parts.push(`${JSON.stringify(key)}:${canonicalJson(fields[key])}`)
    }
    return `{${parts.join(',')}}`
  }
  throw new TypeError(`Cannot write a ${typeof value} as JSON`)
}
