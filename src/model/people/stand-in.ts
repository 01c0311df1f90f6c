import type { Absence, BusinessCalendar } from '../calendar/business-calendar.ts'
import { knownZone } from '../calendar/known-zone.ts'
import type { ConnectionId } from '../record/change-event.ts'
import type { CrmUser, Directory } from '../record/crm-user.ts'
import { startOfDayMs } from '../record/wall-clock.ts'
import { absenceAt } from './absence.ts'

export type Office = {
  readonly calendar: BusinessCalendar
  readonly directory: Directory
  readonly connectionId: ConnectionId
}

/** Who takes what is somebody's at that moment. */
export type StandIn = {
  /** Null: nobody does. */
  readonly user: CrmUser | null
  /** Absences on the way there, that of the person first. */
  readonly away: readonly Absence[]
  /** Whose absences it rests on. */
  readonly asked: readonly string[]
}

/** The person, or while they are away their delegate, and while that one is away theirs. It never goes round in a circle. */
export function standIn(email: string, { calendar, directory, connectionId }: Office, atMs: number): StandIn {
  const away: Absence[] = []
  const asked: string[] = []
  for (let next: string | null = email; next !== null && !asked.includes(next); ) {
    asked.push(next)
    const user = directory.personByEmail(connectionId, next)
    if (user === undefined) break
    const absence = absenceAt(calendar, directory.emailsOf(next), user.timeZone, atMs)
    if (absence === null) return { user, away, asked }
    away.push(absence)
    next = absence.delegate
  }
  return { user: null, away, asked }
}

/** When one of these people leaves the office or comes back, the next time. Null: the calendar knows of nothing. */
export function nextAbsenceMs(emails: readonly string[], office: Office, nowMs: number): number | null {
  const { calendar, directory, connectionId } = office
  let next: number | null = null
  const theirs = new Set(emails.flatMap((email) => directory.emailsOf(email)))
  for (const { email, from, until } of calendar.away ?? []) {
    if (!theirs.has(email)) continue
    const zone = knownZone(directory.personByEmail(connectionId, email)?.timeZone ?? null) ?? calendar.timeZone
    for (const atMs of [startOfDayMs(zone, from), startOfDayMs(zone, until, 1)]) {
      if (atMs > nowMs && (next === null || atMs < next)) next = atMs
    }
  }
  return next
}
