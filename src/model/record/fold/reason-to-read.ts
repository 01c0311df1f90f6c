import type { CrmRecord, Stamp } from '../crm-record.ts'
import { COMPLETE, DELETED, ERASED, isAfter, isMergerOpen, isUnseen, REASONS, SEEN, UNSEEN } from './record-marks.ts'
import { compareStamps } from './stamp-order.ts'

/**
 * A CRM may round a record's modification time down to the second, so a reading counts from the start of its second;
 * otherwise it would never answer a gap of the same second, and Lanekeeper would read the record again for ever.
 */
const READING_PRECISION_MS = 1000

/**
 * Fields of which two values were told of one moment, and no reading since shows which of them stands. The one in `values`
 * is a guess that every order of arrival makes alike, so nothing may rest on it.
 */
export function tiedFields({ stamps }: Pick<CrmRecord, 'stamps'>): string[] {
  const tied: string[] = []
  const readAtMs = stamps[COMPLETE]?.atMs ?? Number.NEGATIVE_INFINITY
  for (const field in stamps) {
    const stamp = stamps[field]!
    if (stamp.tied === true && stamp.atMs > readAtMs) tied.push(field)
  }
  return tied
}

/** Why the record must be read again; null when what we know of it is complete. */
export function reasonToRead(record: CrmRecord): string | null {
  const { stamps } = record
  if (record.mergedInto !== null) return isMergerOpen(stamps) ? 'gap' : null
  if (record.deleted) {
    const seen = stamps[SEEN]
    const gone = stamps[ERASED] === undefined ? stamps[DELETED] : undefined
    // Asked for since, and not there: what was proven before stands.
    if (seen === undefined || gone === undefined || isAfter(stamps[UNSEEN], seen)) return null
    return compareStamps(seen, gone) > 0 ? 'changed-after-deletion' : null
  }
  if (isUnseen(record)) {
    const seen = stamps[SEEN]
    return seen !== undefined && !isAfter(stamps[UNSEEN], seen) ? 'sign-of-life' : null
  }
  const complete = stamps[COMPLETE]
  if (complete === undefined) return 'first-sight'
  if (tiedFields(record).length > 0) return 'same-instant'
  let newest: { reason: string; at: Stamp } | null = null
  for (const name of Object.values(REASONS)) {
    const at = stamps[name]
    if (at === undefined) continue
    const isAnswered = complete.atMs >= Math.floor(at.atMs / READING_PRECISION_MS) * READING_PRECISION_MS
    if (!isAnswered && (newest === null || compareStamps(at, newest.at) > 0)) newest = { reason: name.slice(1), at }
  }
  return newest?.reason ?? null
}
