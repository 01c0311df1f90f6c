import { remembered } from '../matching/places/remembered.ts'
import { oncePer } from '../record/once-per.ts'

/** A value that is written in this form already, to be put into another one as it is. */
class Written {
  readonly json: string
  constructor(json: string) {
    this.json = json
  }
}

/** What of a policy goes into the JSON of many records, such as a rule: written once. */
export const writtenOnce = oncePer((value: object) => new Written(canonicalJson(value)))

/**
 * One spelling of a value as JSON: keys sorted by code unit, no white space, undefined left out, sets as sorted lists.
 * Receipts and policies are hashed in this form, so that whoever has the document can compute the hash again.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (value === null) return 'null'
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (typeof value === 'number') {
    if (!Number.isFinite(value))
      throw new TypeError(`Cannot write ${value} as JSON: only finite numbers have a spelling`)
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return list(value)
  if (value instanceof Set) return list([...value].sort())
  if (value instanceof Written) return value.json
  if (typeof value === 'object') return fields(value as Readonly<Record<string, unknown>>)
  throw new TypeError(`Cannot write a ${typeof value} as JSON`)
}

function list(items: readonly unknown[]): string {
  let json = '['
  for (let i = 0; i < items.length; i += 1) json += (i === 0 ? '' : ',') + canonicalJson(items[i] ?? null)
  return `${json}]`
}

function fields(of: Readonly<Record<string, unknown>>): string {
  let json = ''
  for (const key of sorted(Object.keys(of))) {
    const value = of[key]
    if (value !== undefined) json += `${json === '' ? '' : ','}${quotedKey(key)}:${canonicalJson(value)}`
  }
  return `{${json}}`
}

/** Most of what is written once a record is spelled in this order already, and sorting that costs as much as writing it. */
function sorted(keys: string[]): string[] {
  for (let i = 1; i < keys.length; i += 1) if (keys[i]! < keys[i - 1]!) return keys.sort()
  return keys
}

/** Keys are names of fields and words of ours, which come again with every record. */
const quotedKey = remembered(quoted)

/** ASCII that JSON writes as it is, as nearly always. */
const PLAIN = /^[ !#-[\]-~]*$/

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text)
}
