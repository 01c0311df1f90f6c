import type { ChangeEvent, Crm } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import type { Database } from '../../store/database/database.ts'
import { type FoundChange, type MissedSpell, resolveMissedChanges } from '../../store/events/missed-changes.ts'
import { endNotice, raiseNotice } from '../../store/notices/notices.ts'

/**
 * How long after the poll found a change its event may still arrive before it counts as missed, by our own clock. A
 * CRM sends its first retries within a minute or so.
 */
const GRACE_S = 120

/** Without another missed event for this long, the notice ends. Promise 3 allows as long to find one. */
const QUIET_S = 900

export type FeedOf = { readonly id: string; readonly crm: Crm; readonly feed: 'push' | 'poll' | 'stream' }

/** True: the CRM should send events for changes to this object. Tasks are polled on purpose. */
export function isNotified({ crm, feed }: Pick<FeedOf, 'crm' | 'feed'>, objectType: string): boolean {
  const shape = objectShape(crm, objectType)
  return feed !== 'poll' && shape !== undefined && shape.about !== 'task'
}

/** The changes on a page of the poll: one entry per record that changed or is gone. */
export function foundChanges(events: readonly ChangeEvent[]): FoundChange[] {
  return events.flatMap((event): FoundChange[] => {
    const { objectType, dedupeKey, occurredAtMs: modifiedAtMs, fields } = event
    const change = { objectType, dedupeKey, modifiedAtMs, fields }
    // A merge in the Recycle Bin is listed under the survivor; what changed is that the others are gone.
    if (event.kind === 'merged' && !event.complete) {
      const lost = event.mergedIds ?? []
      return lost.map((recordId) => ({ ...change, recordId, survivorId: event.recordId, isGone: true }))
    }
    return [{ ...change, recordId: event.recordId, survivorId: null, isGone: event.kind === 'deleted' }]
  })
}

/** Fields that say when a record changed. A webhook does not carry them. */
export function timeFields(crm: Crm, objectType: string): string[] {
  const shape = objectShape(crm, objectType)
  return shape === undefined ? [] : [shape.modifiedAt, shape.createdAt]
}

/** Counts changes whose event never came, and keeps a notice open while there are new ones. */
export async function resolveMissedEvents(
  db: Database,
  connection: FeedOf & { readonly timeZone: string | null },
  { graceS = GRACE_S, quietS = QUIET_S }: { readonly graceS?: number; readonly quietS?: number } = {},
): Promise<void> {
  const settled = await resolveMissedChanges(db, connection.id, { graceS, quietS })
  if (settled === null) return
  const which = { connectionId: connection.id, code: 'missed-events' }
  if (settled.outcome === 'over') {
    const { n } = settled.spell
    const changes = n === 1 ? 'the 1 change' : `all ${n} changes`
    await endNotice(db, { ...which, message: `No more events are missing. Polling read ${changes}.` })
    return
  }
  await raiseNotice(db, {
    ...which,
    level: 'warn',
    message: missedSentence(connection, settled.spell),
    remedy: crmProfile(connection.crm).missedEventsRemedy,
  })
}

function missedSentence(
  connection: { readonly crm: Crm; readonly timeZone: string | null },
  { n, firstMs, lastMs }: MissedSpell,
): string {
  const crm = crmProfile(connection.crm).title
  const first = clockTime(firstMs, connection.timeZone)
  const last = clockTime(lastMs, connection.timeZone)
  const when = first === last ? `at ${first}` : `between ${first} and ${last}`
  const changes = n === 1 ? '1 change' : `${n} changes`
  return `${crm} sent no event for ${changes} ${when}. Polling found ${n === 1 ? 'it' : 'them'} a little later; nothing is lost.`
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
    // A CRM may use zone names that this runtime lacks.
    return `${format('UTC')} UTC`
  }
}
