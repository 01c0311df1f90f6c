import { createHash } from 'node:crypto'

/** Task.Subject and the activity describe's Description. */
const SUBJECT_CHARS_MAX = 255
const DESCRIPTION_CHARS_MAX = 32_000

/**
 * Without an external id the subject is the only place where a task can be found again: Description cannot be
 * filtered. 50 bits, and only compared among the tasks of one record.
 */
export function subjectTag(key: string): string {
  const digest = createHash('sha256').update(key).digest()
  let tag = ''
  for (let at = 0; at < 10; at++) tag += 'abcdefghjkmnpqrstuvwxyz23456789x'[digest[at]! & 31]
  return `[LK-${tag}]`
}

export function taskSubject(subject: string, tag: string | null): string {
  const clean = withoutControls(subject).replace(/\s+/g, ' ').trim()
  if (tag === null) return shorten(clean, SUBJECT_CHARS_MAX)
  return `${shorten(clean, SUBJECT_CHARS_MAX - tag.length - 1)} ${tag}`
}

export function taskDescription(body: string): string {
  return shorten(withoutControls(body), DESCRIPTION_CHARS_MAX)
}

function shorten(text: string, max: number): string {
  if (text.length <= max) return text
  const cut = text.slice(0, max - 1)
  // Never half of a pair: Salesforce stores it as a question mark.
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`
}

function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Salesforce refuses the whole batch for one of them
  return text.toWellFormed().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, ' ')
}

/** The calendar day of an instant where the owner lives. A task due at 17:00 in Tokyo is due on Tokyo's day. */
export function dayIn(atMs: number, timeZone: string | null): string {
  try {
    return new Intl.DateTimeFormat('en-CA', {
      timeZone: timeZone ?? 'UTC',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    }).format(atMs)
  } catch (error) {
    // A zone that this Node does not know; anything else (an impossible date) is the caller's bug.
    if (timeZone === null || !(error instanceof RangeError) || Number.isNaN(new Date(atMs).getTime())) throw error
    return dayIn(atMs, null)
  }
}
