import type { Notice } from '../../store/notices/notices.ts'
import type { NoticeView } from './connection-types.ts'

/** What a notice is about, in a few words; its own message has the details. */
const TITLES: Readonly<Record<string, string>> = {
  busy: 'Rate-limited by the CRM',
  outage: 'The CRM is down',
  'odd-answers': 'The CRM sends unreadable answers',
  reconnect: 'Access revoked',
  'lost-answer': 'Unconfirmed writes',
  'stream-silent': 'No change events arrive',
  'stream-lost-place': 'Change events were lost',
  gap: 'The CRM left out changes',
  overflow: 'Too many changes at once',
  downtime: 'Lanekeeper was down',
  'repeated-events': 'Duplicate changes received',
  'delivery-too-large': 'Webhooks too large to read',
  clock: 'Clocks differ',
  'field-removed': 'A field was removed',
  'field-retyped': 'A field changed its type',
  'option-removed': 'A picklist value was removed',
  'policy-misfit': 'A rule asks for what the CRM cannot answer',
  'owner-gone': 'An owner left',
  'people-missing': 'Users missing from the list',
  'people-unread': 'Users without an answer',
  'people-zones': 'Time zones that are not known',
  'people-conflict': 'Two users share one email',
  'missed-events': 'Missed webhooks',
  'out-of-sync': 'Records differ from the CRM',
  access: 'A permission is missing',
  'object-refused': 'An object cannot be read',
  'territory-members': 'Territory members differ',
  'territories-not-shown': 'Territory assignments are hidden',
  erased: 'A contact was erased in the CRM',
  'task-key': 'Duplicate protection is not enforced',
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
