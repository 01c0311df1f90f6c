import type { BusinessCalendar } from '../calendar/business-calendar.ts'
import { afterFullBusinessDays } from '../calendar/business-time.ts'

/** What the clock does about a job. `confirm`: whoever holds it is asked whether they still do. */
export type JobReason = 'remind' | 'end' | 'confirm' | 'confirm-remind' | 'confirm-end'

export type JobDue = {
  readonly reason: JobReason
  readonly atMs: number
  /** When it was offered, or until when it was confirmed: another moment makes other rows. */
  readonly ofMs: number
}

/** Unanswered: one reminder after two business days, and vacant after five. */
const REMIND_AFTER_DAYS = 2
const END_AFTER_DAYS = 5

export type ClockedJob = {
  readonly state: 'offered' | 'accepted' | 'ended'
  readonly offeredAtMs: number
  readonly confirmByMs: number | null
}

/** When something has to happen about a job, as it stands. */
export function jobDues({ state, offeredAtMs, confirmByMs }: ClockedJob, calendar: BusinessCalendar): JobDue[] {
  const after = (fromMs: number, days: number) => afterFullBusinessDays(calendar, fromMs, days)
  if (state === 'offered') {
    return [
      { reason: 'remind', atMs: after(offeredAtMs, REMIND_AFTER_DAYS), ofMs: offeredAtMs },
      { reason: 'end', atMs: after(offeredAtMs, END_AFTER_DAYS), ofMs: offeredAtMs },
    ]
  }
  if (state === 'ended' || confirmByMs === null) return []
  return [
    { reason: 'confirm', atMs: confirmByMs, ofMs: confirmByMs },
    { reason: 'confirm-remind', atMs: after(confirmByMs, REMIND_AFTER_DAYS), ofMs: confirmByMs },
    { reason: 'confirm-end', atMs: after(confirmByMs, END_AFTER_DAYS), ofMs: confirmByMs },
  ]
}

/** Until when a job waits for its person's answer. */
export function answerByMs(job: ClockedJob, calendar: BusinessCalendar): number | null {
  const end = jobDues(job, calendar).find(({ reason }) => reason === 'end' || reason === 'confirm-end')
  return end?.atMs ?? null
}

/** Of a workflow whose policy is not known: Monday to Friday, 9 to 17, UTC. */
export const PLAIN_CALENDAR: BusinessCalendar = {
  timeZone: 'UTC',
  workingDays: [1, 2, 3, 4, 5],
  opensAtMinute: 9 * 60,
  closesAtMinute: 17 * 60,
  holidays: [],
}
