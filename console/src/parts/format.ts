/** Numbers, times and words as people read them, in the browser's language and time zone. */

const NUMBER = new Intl.NumberFormat()
const COMPACT = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 })
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' })
const SHORT_DAY = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' })
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })

export function number(n: number): string {
  return NUMBER.format(n)
}

/** For tight places: 18K. Put the exact number into the title. */
export function compact(n: number): string {
  return n < 10_000 ? number(n) : COMPACT.format(n)
}

export function exact(iso: string): string {
  return EXACT.format(new Date(iso))
}

/** `Nov 24, 2026`. */
export function day(iso: string): string {
  return DAY.format(new Date(iso))
}

/** `Nov 24`, for days of about now: a calendar day or an instant. */
export function shortDay(iso: string): string {
  // A day alone is a day everywhere; as an instant it would be the day before in the west.
  return SHORT_DAY.format(new Date(/^\d{4}-\d{2}-\d{2}$/.test(iso) ? `${iso}T12:00` : iso))
}

/** `4:49 PM` today, with its date on any other day. */
export function since(iso: string, nowMs: number): string {
  const at = new Date(iso)
  return at.toDateString() === new Date(nowMs).toDateString() ? TIME.format(at) : EXACT.format(at)
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

/** A delay is never exact: `15 seconds`, `a minute`, `5 minutes`. */
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
  return ms >= 0 ? { text: `due in ${duration(ms)}`, late: false } : { text: `${duration(ms)} overdue`, late: true }
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${number(n)} ${n === 1 ? one : many}`
}

/** A hash short enough to compare by eye. */
export function short(hash: string): string {
  return hash.slice(0, 10)
}

/** Objects go by the plural of their name. */
const OBJECTS: Readonly<Record<string, string>> = {
  Lead: 'Leads',
  Account: 'Accounts',
  Contact: 'Contacts',
  Opportunity: 'Opportunities',
  Task: 'Tasks',
  User: 'Users',
}

export function objectLabel(objectType: string): string {
  return OBJECTS[objectType] ?? labelOf(objectType)
}

const LABELS: Readonly<Record<string, string>> = {
  'customer-facing': 'Customer-facing',
  'revenue-impacting': 'Revenue-impacting',
  confirm: 'Runs',
  hold: 'Held',
  stop: 'Blocked',
  'settled-by-rule': 'Fixed by rules',
  'condition-cleared': 'Closed: the problem is gone',
  'read-differently': 'Closed by an upgrade: the record did not change, and this version no longer finds the problem',
  'counterpart-disconnected': 'Closed, not fixed: the connection of the other record was ended',
  'explained-by-reading': 'Closed: what was missing or in dispute is known now',
  'workflow-retired': 'Closed: the workflow was turned off',
  'fixed-by-owner': 'Fixed by the owner',
  'record-gone': 'Closed: the record was deleted',
  converted: 'Closed: the lead was converted',
  'out-of-scope': "Closed: the record left the workflow's scope",
  erased: 'Closed: the record was erased for privacy',
  'exception-opened': 'Case opened',
  'exception-settled': 'Fixed by a rule',
  'exception-changed': 'Case updated',
  'exception-resolved': 'Case closed',
  'rule-decided': 'A rule chose the owner',
  'owner-write-done': 'Owner set',
  'owner-write-refused': 'The CRM refused the owner',
  'owner-write-cancelled': 'Owner change canceled',
  'owner-write-unknown': 'Owner change unconfirmed',
  'task-write-done': 'Task updated',
  'task-write-refused': 'The CRM refused the task',
  'task-write-cancelled': 'Task canceled',
  'task-reopened': 'Task reopened: the problem remains',
  'task-left-closed': 'Task stays closed: completed twice without a change',
  'task-write-unknown': 'Task unconfirmed',
  'repair-write-done': 'Second task closed',
  'repair-write-refused': 'The CRM refused to close the second task',
  'repair-write-cancelled': 'Second task kept',
  'repair-write-unknown': 'Closing the second task unconfirmed',
}

/** Our machine words as people say them; any other word capitalized and without its dashes. */
export function labelOf(word: string): string {
  const plain = word.replaceAll(/[-_]/g, ' ')
  return LABELS[word] ?? plain.charAt(0).toUpperCase() + plain.slice(1)
}
