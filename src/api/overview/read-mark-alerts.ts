import { MARK_NOTICE_DAYS } from '../../publishing/mark-days.ts'
import { databaseNowMs } from '../../store/database/clock.ts'
import type { Database } from '../../store/database/database.ts'
import { standingMarks } from '../../store/publishing/marks.ts'
import type { Overview } from './overview-types.ts'

type Alert = Omit<Overview['alerts'][number], 'departed'>

const DAY_MS = 86_400_000

/** Marks that end soon, one alert per workflow and day: then a reviewer decides what their rules settle now. */
export async function markAlerts(db: Database): Promise<Alert[]> {
  const nowMs = await databaseNowMs(db)
  const agreed = (await standingMarks(db)).filter(({ agreedAt }) => agreedAt !== null)
  const isRenewed = (one: (typeof agreed)[number]) =>
    agreed.some(
      (other) =>
        other.workflow === one.workflow &&
        other.rule === one.rule &&
        other.ruleHash === one.ruleHash &&
        other.class === one.class &&
        other.endsAt > one.endsAt,
    )
  const soon = agreed.filter((one) => daysLeft(one.endsAt, nowMs) <= MARK_NOTICE_DAYS[0] && !isRenewed(one))
  const groups = Map.groupBy(soon, ({ workflow, endsAt }) => `${workflow} ${endsAt.toISOString().slice(0, 10)}`)
  return [...groups.values()].map((marks): Alert => {
    const [{ workflow, endsAt }] = marks as [(typeof marks)[number]]
    const day = endsAt.toISOString().slice(0, 10)
    const rules = marks.length === 1 ? 'A mark' : `${marks.length} marks`
    return {
      level: daysLeft(endsAt, nowMs) <= MARK_NOTICE_DAYS[1] ? 'stop' : 'warn',
      title: `${rules} of ${workflow} ${marks.length === 1 ? 'ends' : 'end'} on ${day}`,
      detail: 'After that day a reviewer decides the cases that these rules settle now.',
      remedy: 'The boundary owner and a second person mark the rules again on the page Changes.',
      needsAction: true,
      about: 'workflow',
    }
  })
}

function daysLeft(endsAt: Date, nowMs: number): number {
  return Math.ceil((endsAt.getTime() - nowMs) / DAY_MS)
}
