import { createHash } from 'node:crypto'
import { storable } from '../../../model/record/storable-text.ts'

// HubSpot cuts or refuses longer subjects; 255 also fits every other place that shows them.
const SUBJECT_MAX = 255
// Rich text properties hold 65,536 characters; escaping and tags at most triple the plain text of a task.
const BODY_MAX = 20_000

/** The subject, at most 255 characters, with the short key at its end where the CRM has no field for the key. */
export function subjectText(subject: string, shortKey: string | null): string {
  const line = storable(subject).replace(/\s+/g, ' ').trim()
  const tail = shortKey === null ? '' : ` [${shortKey}]`
  return cut(line, SUBJECT_MAX - tail.length) + tail
}

/** Ten hex digits: among 100,000 open tasks two alike are a matter of one in 200, and only on the same record matter. */
export function shortKeyOf(key: string): string {
  return `LK-${createHash('sha256').update(key).digest('hex').slice(0, 10)}`
}

/** Plain text as the HTML that HubSpot shows: paragraphs, line breaks, and links a reviewer can click. */
export function bodyHtml(body: string): string {
  return cut(storable(body), BODY_MAX)
    .split(/\r?\n(?:[^\S\n]*\r?\n)+/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '')
    .map((paragraph) => `<p>${withLinks(paragraph).replace(/\r?\n/g, '<br>')}</p>`)
    .join('')
}

function withLinks(text: string): string {
  return text
    .split(/(https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?()])/)
    .map((part, index) =>
      index % 2 === 0 ? escapeHtml(part) : `<a href="${escapeHtml(part)}">${escapeHtml(part)}</a>`,
    )
    .join('')
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

function cut(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text
  // Not between the halves of one character.
  return `${text.slice(0, lengthMax - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}
