import type { ChangeEvent, Crm } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import type { Database } from '../../store/database/database.ts'
import { type FoundChange, type MissedSpell, resolveMissedChanges } from '../../store/events/missed-changes.ts'
import { endNotice, raiseNotice } from '../../store/notices/notices.ts'

/**
 * How long an event may be under way before it is called lost, by our own clock, since the poll found its change.
 * The first retries of a webhook come within a minute or so.
 */
const GRACE_S = 120

/** As long as promise 3 gives to find what was missed: without a further one, the spell is over. */
const QUIET_S = 900

export type FeedOf = { readonly id: string; readonly crm: Crm; readonly feed: 'push' | 'poll' | 'stream' }

/** Whether the CRM should have told us by itself of changes to this object. Tasks are polled on purpose. */
export function isNotified({ crm, feed }: Pick<FeedOf, 'crm' | 'feed'>, objectType: string): boolean {
  const shape = objectShape(crm, objectType)
  return feed !== 'poll' && shape !== undefined && shape.about !== 'task'
}

/** What a page of the poll shows of each record, one entry per record that changed or went away. */
export function foundChanges(events: readonly ChangeEvent[]): FoundChange[] {
  return events.flatMap((event): FoundChange[] => {
    const { objectType, dedupeKey, occurredAtMs: modifiedAtMs, fields } = event
    const change = { objectType, dedupeKey, modifiedAtMs, fields }
    // A merge in the Recycle Bin is listed under its survivor; the news is that the others are gone.
    if (event.kind === 'merged' && !event.complete) {
      const lost = event.mergedIds ?? []
      return lost.map((recordId) => ({ ...change, recordId, survivorId: event.recordId, isGone: true }))
    }
    return [{ ...change, recordId: event.recordId, survivorId: null, isGone: event.kind === 'deleted' }]
  })
}

/** Fields that say when, not what: a webhook does not carry them. */
export function timeFields(crm: Crm, objectType: string): string[] {
  const shape = objectShape(crm, objectType)
  return shape === undefined ? [] : [shape.modifiedAt, shape.createdAt]
}

/** Counts what turned out to be missed, and says so to people while it lasts. */
export async function resolveMissedEvents(
  db: Database,
  connection: FeedOf & { readonly timeZone: string | null },
  { graceS = GRACE_S, quietS = QUIET_S }: { readonly graceS?: number; readonly quietS?: number } = {},
): Promise<void> {
  const settled = await resolveMissedChanges(db, connection.id, { graceS, quietS })
  if (settled === null) return
  const which = { connectionId: connection.id, code: 'missed-events' }
  if (settled.outcome === 'over') {
    await endNotice(db, { ...which, message: `No further change was missed. All ${settled.spell.n} were read.` })
    return
  }
  await raiseNotice(db, {
    ...which,
    level: 'warn',
    message: missedSays(connection, settled.spell),
    remedy: crmProfile(connection.crm).missedEventsRemedy,
  })
}

function missedSays(
  connection: { readonly crm: Crm; readonly timeZone: string | null },
  { n, firstMs, lastMs }: MissedSpell,
): string {
  const crm = crmProfile(connection.crm).title
  const first = clockTime(firstMs, connection.timeZone)
  const last = clockTime(lastMs, connection.timeZone)
  const when = first === last ? `at ${first}` : `between ${first} and ${last}`
  const changes = n === 1 ? '1 change' : `${n} changes`
  return `${crm} told us nothing of ${changes} ${when}; the poll found ${n === 1 ? 'it' : 'them'}. Nothing is missing, it came later.`
}

/** `22 Nov, 10:02`, by the account's own clock where it is known. */
function clockTime(ms: number, timeZone: string | null): string {
  const format = (zone: string) =>
    new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      day: 'numeric',
      month: 'short',
      hour: '2-digit',
      minute: '2-digit',
    }).format(ms)
  try {
    return timeZone === null ? `${format('UTC')} UTC` : format(timeZone)
  } catch {
    // Not every zone name that a CRM gives is one of this runtime's.
    return `${format('UTC')} UTC`
  }
}
