import type { ChangeEvent, ConnectionId } from '../../model/record/change-event.ts'
import { knownProfiles } from '../../model/record/crm-profile.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import type { StoredEvent } from '../../store/events/change-events.ts'
import { writtenValues } from '../../store/writes/written-values.ts'

/** The values that Lanekeeper wrote, by `object/record/field`. */
export type OwnWrites = ReadonlyMap<string, { readonly value: string | null; readonly atMs: number }>

/** Covers a CRM's clock that is ten minutes off, as polls do (read/poll-changes.ts), and a slow delivery. */
const ECHO_WITHIN_MS = 900_000

/** Whether a CRM changes the field by itself with every write. */
function isBookkeeping(field: string): boolean {
  return knownProfiles().some(({ bookkeepingFields }) => bookkeepingFields.includes(field))
}

/** Reads our writes to each record that has an event which may be an echo of one. */
export async function readOwnWrites(
  trx: DatabaseTransaction,
  connectionId: ConnectionId,
  groups: Iterable<readonly StoredEvent[]>,
): Promise<OwnWrites> {
  const candidates = [...groups].flatMap((group) => group.find(({ event }) => mayBeEcho(event))?.event ?? [])
  return writtenValues(trx, connectionId, candidates)
}

/**
 * True: the event carries only values that Lanekeeper wrote, at about the time of the write. The CRM's own note of the
 * author is only a hint (docs/contracts), so it is not used.
 */
export function isEcho(event: ChangeEvent, written: OwnWrites): boolean {
  if (!mayBeEcho(event)) return false
  let any = false
  for (const field in event.fields) {
    if (isBookkeeping(field)) continue
    const ours = written.get(`${event.objectType}/${event.recordId}/${field}`)
    if (ours === undefined || ours.value !== event.fields[field]) return false
    if (Math.abs(event.occurredAtMs - ours.atMs) > ECHO_WITHIN_MS) return false
    any = true
  }
  return any
}

function mayBeEcho(event: ChangeEvent): boolean {
  return event.kind === 'changed' && !event.complete && event.actor.kind !== 'person'
}
