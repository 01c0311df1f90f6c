import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import type { CrmRecord } from '../../model/record/crm-record.ts'
import { type Folded, foldEvents } from '../../model/record/fold/fold.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import type { Readings } from '../../model/record/readings.ts'
import { count } from '../../store/database/counters.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { failureText } from '../../store/database/failure-text.ts'
import type { EventOutcome, StoredEvent } from '../../store/events/change-events.ts'
import { countriesForKeys } from '../../store/records/match-key-versions.ts'
import { unreadableFields } from '../../store/records/object-schemas.ts'
import { readRecordsById } from '../../store/records/read-records.ts'
import { addChange, type BatchChanges, changeOf, noChanges, type RecordChange } from './affected-records.ts'
import { isTouched } from './is-touched.ts'
import { isEcho, type OwnWrites, readOwnWrites } from './own-write-echo.ts'
import { DERIVED, type SortedEvents } from './sort-events.ts'

export type FoldedBatch = { readonly outcomes: readonly EventOutcome[]; readonly changes: BatchChanges }

type Known = {
  readonly crm: Crm
  /** By `object/record`. */
  readonly records: ReadonlyMap<string, CrmRecord>
  readonly written: OwnWrites
  /** What the company agreed that texts mean which name no country. */
  readonly countries: Readings['countries']
  /** Fields that the CRM does not let us read. */
  readonly unreadable: (connectionId: string, objectType: string) => ReadonlySet<string>
}

/** Folds each record's events into what is known of it, with the records locked. Nothing is saved yet. */
export async function foldRecords(
  trx: DatabaseTransaction,
  connection: { readonly id: ConnectionId; readonly crm: Crm },
  groups: SortedEvents['groups'],
): Promise<FoldedBatch> {
  const known = await readKnown(trx, connection, groups)
  const outcomes: EventOutcome[] = []
  const changes = noChanges()
  for (const [key, group] of groups) {
    const { folded, failed } = foldWhatCan(known, connection.id, key, group)
    if (folded !== null) {
      for (const outcome of folded.outcomes) outcomes.push(outcome)
      if (folded.change !== null) addChange(changes, folded.change)
    }
    if (failed.length === 0) continue
    await count(trx, 'record-failed', 1, { connectionId: connection.id, detail: `apply ${key}` })
    for (const { id, reason } of failed) if (id !== DERIVED) outcomes.push({ id, state: 'failed', reason })
  }
  return { outcomes, changes }
}

async function readKnown(
  trx: DatabaseTransaction,
  { id, crm }: { readonly id: ConnectionId; readonly crm: Crm },
  groups: SortedEvents['groups'],
): Promise<Known> {
  const refs = [...groups.values()].map(([first]) => ({
    objectType: first!.event.objectType,
    recordId: first!.event.recordId,
  }))
  const records = new Map<string, CrmRecord>()
  // Before any record is locked, as what makes the keys again does it.
  const countries = await countriesForKeys(trx, id)
  for (const record of await readRecordsById(trx, id, refs, 'lock')) {
    records.set(`${record.objectType}/${record.recordId}`, record)
  }
  const written = await readOwnWrites(trx, id, groups.values())
  return { crm, records, written, countries, unreadable: await unreadableFields(trx) }
}

type Failed = { readonly id: number; readonly reason: string }

/** Events that cannot be folded are set aside, so that they hold up neither other records nor the others of their own. */
function foldWhatCan(
  known: Known,
  connectionId: ConnectionId,
  key: string,
  group: readonly StoredEvent[],
): { readonly folded: ReturnType<typeof foldGroup> | null; readonly failed: readonly Failed[] } {
  try {
    return { folded: foldGroup(known, connectionId, key, group), failed: [] }
  } catch (error) {
    const failed = group.flatMap((event): Failed[] => {
      try {
        foldGroup(known, connectionId, key, [event])
        return []
      } catch (alone) {
        return [{ id: event.id, reason: failureText(alone) }]
      }
    })
    const bad = new Set(failed.map(({ id }) => id))
    const rest = group.filter(({ id }) => !bad.has(id))
    const isAnyLeft = rest.length > 0 && rest.length < group.length
    // Each goes alone and not together: nobody knows which of them it is.
    if (!isAnyLeft) return { folded: null, failed: group.map(({ id }) => ({ id, reason: failureText(error) })) }
    const others = foldWhatCan(known, connectionId, key, rest)
    return { folded: others.folded, failed: [...failed, ...others.failed] }
  }
}

function foldGroup(
  { crm, records, written, countries, unreadable }: Known,
  connectionId: ConnectionId,
  key: string,
  group: readonly StoredEvent[],
): { readonly outcomes: EventOutcome[]; readonly change: RecordChange | null } {
  const { objectType } = group[0]!.event
  const before = records.get(key) ?? null
  const events = group.map(({ event }) => event)
  const folded = foldEvents(before, events, { crm, unreadable: unreadable(connectionId, objectType) })
  const change = changeOf(before, folded, objectShape(crm, objectType)!, isTouched(before, folded, written), countries)
  return { outcomes: outcomesOf(group, folded, written), change }
}

function outcomesOf(group: readonly StoredEvent[], folded: Folded, written: OwnWrites): EventOutcome[] {
  const erasedAtMs = folded.record.stamps['@erased']?.atMs ?? null
  return folded.outcomes.flatMap(({ event, outcome }, n): EventOutcome[] => {
    const { id } = group[n]!
    if (id === DERIVED) return []
    // An event from before the erasure that arrives after it must not bring the values back.
    const blank = erasedAtMs !== null && event.occurredAtMs <= erasedAtMs
    // An echo of our own write is folded like any event, but counted apart: it is never news.
    if (isEcho(event, written)) return [{ id, state: 'skipped', reason: 'own-write', blank }]
    const isApplied = outcome === 'applied'
    return [{ id, state: isApplied ? 'applied' : 'skipped', reason: isApplied ? null : outcome, blank }]
  })
}
