import type { LedgerDay, LedgerObject } from '../../../src/api/sync-status/sync-status-types.ts'
import { number, objectLabel, plural } from '../parts/format.ts'

/** One mark per day of two weeks: in sync, out of sync, without changes, or not compared yet. */
export function SyncDays({ object: { days, objectType } }: { object: LedgerObject }) {
  if (days.length === 0) return <span className="quiet">only Lanekeeper's own are read</span>
  return (
    <span className="strip" role="img" aria-label={`${objectLabel(objectType)}: ${stripText(days)}`}>
      {days.map((day) => (
        <span key={day.day} className={`strip-day strip-${day.state}`} title={dayText(day)} />
      ))}
    </span>
  )
}

function stripText(days: readonly LedgerDay[]): string {
  const count = (state: LedgerDay['state']) => days.filter((day) => day.state === state).length
  if (count('out-of-sync') > 0) return `${plural(count('out-of-sync'), 'day')} out of sync`
  if (count('not-compared') > 0) return `${plural(count('not-compared'), 'day')} not compared yet`
  return 'in sync on all days'
}

/** For the mouse; the list of records has the same numbers. */
function dayText(day: LedgerDay): string {
  if (day.state === 'not-compared') return `${day.day}: not compared yet`
  if (day.state === 'quiet') return `${day.day}: no changes`
  const counts = `${number(day.ourCount ?? 0)} of ${number(day.crmCount ?? 0)} records`
  if (day.state === 'in-sync') return `${day.day}: in sync, ${counts}`
  return `${day.day}: ${number(day.differences)} out of sync, ${counts}, checksums ${day.sameDigest ? 'match' : 'differ'}`
}
