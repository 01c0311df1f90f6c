import { isSalesforceId } from '../http/record-id.ts'

/**
 * Our own SOQL text. The query builder of jsforce escapes quotes but not backslashes and drops an empty `$in`
 * together with its WHERE, so one crafted company name, or one empty list, would read the whole object.
 */

/** A WHERE literal may have 4,000 characters (SOQL reference); Salesforce refuses longer ones with a vague message. */
const LITERAL_MAX = 4_000

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
}

function escapeText(text: string): string {
  let escaped = ''
  for (const letter of text) {
    const code = letter.codePointAt(0)!
    if (code < 0x20 && ESCAPES[letter] === undefined) {
      throw new RangeError(`SOQL has no spelling for the control character U+${code.toString(16).padStart(4, '0')}`)
    }
    escaped += ESCAPES[letter] ?? letter
  }
  if (escaped.length > LITERAL_MAX) {
    throw new RangeError(`a SOQL literal may have ${LITERAL_MAX} characters, this one has ${escaped.length}`)
  }
  return escaped
}

/** `it's` becomes `'it\'s'`. */
export function soqlText(text: string): string {
  return `'${escapeText(text)}'`
}

/** A LIKE pattern that finds `text` anywhere; `%` and `_` inside it mean themselves. */
export function soqlContains(text: string): string {
  return `'%${escapeText(text).replace(/[%_]/g, (letter) => `\\${letter}`)}%'`
}

export function soqlId(id: string): string {
  if (!isSalesforceId(id)) throw new RangeError(`"${id.slice(0, 40)}" is not a Salesforce id`)
  return `'${id}'`
}

/** `('001…','001…')`. An empty list is the caller's bug: SOQL has no empty list, and leaving it out means "all". */
export function soqlIds(ids: readonly string[]): string {
  if (ids.length === 0) throw new RangeError('a SOQL id list must not be empty')
  return `(${ids.map(soqlId).join(',')})`
}

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,79}(?:\.[A-Za-z][A-Za-z0-9_]{0,79}){0,4}$/

/** Field, relationship path or object name. */
export function isSoqlName(name: string): boolean {
  return NAME.test(name)
}

export function soqlName(name: string): string {
  if (!isSoqlName(name)) throw new RangeError(`"${name.slice(0, 40)}" is not a Salesforce field or object name`)
  return name
}

/** Date-times are not quoted in SOQL. */
export function soqlInstant(atMs: number): string {
  return new Date(atMs).toISOString()
}
