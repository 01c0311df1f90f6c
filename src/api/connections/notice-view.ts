import type { Notice } from '../../store/notices/notices.ts'
import type { NoticeView } from './connection-types.ts'

/** What a notice is about, in a few words. Its own sentence says the rest. */
const TITLES: Readonly<Record<string, string>> = {
  busy: 'The CRM asked us to slow down',
  outage: 'The CRM does not answer',
  'odd-answers': 'The CRM gave unreadable answers',
  reconnect: 'Access was taken away',
  'lost-answer': 'An answer to a write was lost',
  'stream-silent': 'The stream is silent',
  'stream-lost-place': 'The stream lost its place',
  gap: 'The CRM left out what changed',
  overflow: 'More changed at once than the CRM tells',
  downtime: 'Lanekeeper was away',
  'repeated-events': 'Events came more than once',
  clock: 'The clocks differ',
  'field-removed': 'A field is gone',
  'field-retyped': 'A field has another type',
  'option-removed': 'A picklist value is gone',
  'owner-gone': 'An owner is gone',
  'people-conflict': 'Two people share an identity',
  'missed-events': 'Changes came without an event',
  'out-of-sync': 'Our copy is not in step',
  access: 'A permission is missing',
  'object-refused': 'An object may not be read',
  'territory-members': 'Who works a territory differs',
  'territories-not-shown': 'Assignments to territories are not shown',
  erased: 'Somebody was erased in the CRM',
  'task-key': 'The task key is not enforced',
}

export function noticeTitle(code: string): string {
  const plain = code.replaceAll('-', ' ')
  return TITLES[code] ?? plain.charAt(0).toUpperCase() + plain.slice(1)
}

export function noticeView(notice: Notice): NoticeView {
  const { id, code, subject, level, message, remedy, n, firstAt, lastAt, endedAt, endedMessage } = notice
  return {
    id,
    code,
    subject,
    level,
    title: noticeTitle(code),
    message,
    remedy,
    n,
    firstAt: firstAt.toISOString(),
    lastAt: lastAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
    endedMessage,
  }
}
