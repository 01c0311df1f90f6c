/** Numbers and times as people read them, in the reader's own language settings and time zone. */

const NUMBER = new Intl.NumberFormat()
const COMPACT = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 })
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

export function number(n: number): string {
  return NUMBER.format(n)
}

/** For tight places: 18K. The exact number belongs into the title. */
export function compact(n: number): string {
  return n < 10_000 ? number(n) : COMPACT.format(n)
}

export function exact(iso: string): string {
  return EXACT.format(new Date(iso))
}

/** `35 s`, `12 min`, `5 h`, `3 days`. */
export function duration(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 90) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  if (hours < 48) return `${hours} h`
  return `${Math.round(hours / 24)} days`
}

/** Of a delay, which is never exact: `a minute`, `15 seconds`, `5 minutes`. */
export function within(seconds: number): string {
  if (seconds < 60) return `${number(seconds)} seconds`
  return seconds < 90 ? 'a minute' : `${number(Math.round(seconds / 60))} minutes`
}

export function ago(iso: string, nowMs: number): string {
  const ms = nowMs - Date.parse(iso)
  return ms < 5_000 ? 'just now' : `${duration(ms)} ago`
}

export function due(iso: string, nowMs: number): { text: string; late: boolean } {
  const ms = Date.parse(iso) - nowMs
  return ms >= 0 ? { text: `due in ${duration(ms)}`, late: false } : { text: `${duration(ms)} past due`, late: true }
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${number(n)} ${n === 1 ? one : many}`
}

/** A hash short enough to compare by eye. */
export function short(hash: string): string {
  return hash.slice(0, 10)
}

const WORDS: Readonly<Record<string, string>> = {
  expected: 'Expected',
  risky: 'Risky',
  'customer-facing': 'Customer-facing',
  'revenue-impacting': 'Revenue-impacting',
  unknown: 'Unknown',
  confirm: 'Confirm',
  hold: 'Hold',
  stop: 'Stop',
  open: 'Open',
  'settled-by-rule': 'Settled by rule',
  resolved: 'Resolved',
  'missing-field': 'Missing field',
  'stale-field': 'Stale field',
  'duplicate-ownership': 'Duplicate ownership',
  'stale-territory': 'Stale territory',
  'orphaned-owner': 'Orphaned owner',
  'no-rule': 'No rule',
  'branch-review': 'Review by policy',
  'ownership-flapping': 'Ownership flapping',
  'write-refused': 'Write refused by the CRM',
  'condition-cleared': 'The condition cleared by itself',
  'workflow-retired': 'The workflow no longer runs',
  'fixed-by-owner': 'Fixed by its owner',
  'record-gone': 'The record is gone',
  converted: 'The lead was converted; its contact and account carry on',
  'out-of-scope': 'The record left the scope of the workflow',
  erased: 'The record was erased for privacy',
}

/** Our machine words as people say them; anything else with its first letter raised and its dashes gone. */
export function say(word: string): string {
  const plain = word.replaceAll(/[-_]/g, ' ')
  return WORDS[word] ?? plain.charAt(0).toUpperCase() + plain.slice(1)
}
