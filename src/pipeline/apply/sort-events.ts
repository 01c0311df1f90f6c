import type { ChangeEvent, Crm } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { mergedEventForLosers } from '../../model/record/fold/merged-events.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import type { EventOutcome, StoredEvent } from '../../store/events/change-events.ts'

/** A batch of events, record by record. */
export type SortedEvents = {
  /** By `object/record`. An event derived from another has the id `DERIVED`. */
  readonly groups: ReadonlyMap<string, readonly StoredEvent[]>
  readonly skipped: readonly EventOutcome[]
  /** Users changed in the CRM: the list of people must be read again. */
  readonly people: boolean
  /** One of our tasks changed in the CRM. */
  readonly tasks: boolean
}

/** The id of an event that has no row of its own, and so no outcome to record. */
export const DERIVED = -1

/** Sorts events by record and leaves out those that no record of ours needs. */
export function sortEvents(
  waiting: readonly StoredEvent[],
  crm: Crm,
  taskObject: string,
  ourTasks: ReadonlySet<string>,
): SortedEvents {
  const groups = new Map<string, StoredEvent[]>()
  const skipped: EventOutcome[] = []
  let people = false
  let tasks = false
  for (const stored of waiting) {
    const { id, event } = stored
    const reason = reasonToSkip(event, crm, taskObject, ourTasks)
    if (reason !== null) {
      if (reason === 'people-list') people = true
      skipped.push({ id, state: 'skipped', reason })
      continue
    }
    if (event.objectType === taskObject) tasks = true
    addTo(groups, stored)
    // A merge also ends the records that it swallowed.
    for (const loser of mergedEventForLosers(event)) addTo(groups, { id: DERIVED, event: loser })
  }
  return { groups, skipped, people, tasks }
}

function reasonToSkip(event: ChangeEvent, crm: Crm, taskObject: string, ourTasks: ReadonlySet<string>): string | null {
  if (event.objectType === crmProfile(crm).peopleObject) return 'people-list'
  if (objectShape(crm, event.objectType) === undefined) return 'unwatched-object'
  if (event.objectType === taskObject && !ourTasks.has(event.recordId)) return 'not-our-task'
  return null
}

function addTo(groups: Map<string, StoredEvent[]>, stored: StoredEvent): void {
  const key = `${stored.event.objectType}/${stored.event.recordId}`
  const group = groups.get(key)
  if (group) group.push(stored)
  else groups.set(key, [stored])
}
