import type { ChangeEvent } from '../../../model/record/change-event.ts'
import type { ReadRecords } from '../../crm-client.ts'
import { idOf } from '../http/json-value.ts'
import type { ReadContext } from './read-context.ts'
import { type HubSpotRecord, mergedIdsOf, type RecordReading, recordEvent } from './record-event.ts'
import { readingOf, withoutRefusedFields } from './record-reading.ts'
import { batchRead } from './record-requests.ts'

type FoundRecords = { readonly events: ChangeEvent[]; readonly missing: readonly string[] }

/** Reads records by id. Ids that are neither live, deleted nor merged into another record are `missing`. */
export async function recordsById(context: ReadContext, query: ReadRecords): Promise<FoundRecords> {
  const ids = [...new Set(query.ids)]
  const wanted = await readingOf(context, query, 'poll')
  const live = await withoutRefusedFields(context, wanted.reading, (usable) =>
    batchRead(context, usable, { ids, archived: false }),
  )
  const search = { ids, events: new Map<string, ChangeEvent>(), open: new Set(ids) }
  takeLive(search, live.found, live.reading)
  await findSurvivors(context, search, live.reading)
  await findDeleted(context, search, live.reading)
  return { events: [...search.events.values()], missing: [...search.open] }
}

type Search = {
  /** All that were asked for. */
  readonly ids: readonly string[]
  /** Found so far, by record id. */
  readonly events: Map<string, ChangeEvent>
  /** Ids without an answer yet. */
  readonly open: Set<string>
}

function takeLive(search: Search, records: readonly HubSpotRecord[], reading: RecordReading): void {
  for (const record of records) {
    const event = recordEvent(record, reading)
    // It is there, though nothing can be told from it: neither an answer nor missing.
    search.open.delete(idOf(record.id) ?? '')
    if (event === undefined) continue
    search.events.set(event.recordId, event)
  }
  for (const record of records) survivedBy(search, idOf(record.id) ?? '', mergedIdsOf(record))
}

/** A survivor answers for the ids that were merged into it, whether it was asked for or not. */
function survivedBy({ events, open }: Search, recordId: string, ids: readonly string[]): void {
  const event = events.get(recordId)
  if (event === undefined || ids.length === 0) return
  for (const id of ids) open.delete(id)
  const mergedIds = [...new Set([...(event.mergedIds ?? []), ...ids])].sort()
  events.set(recordId, { ...event, kind: 'merged', mergedIds, dedupeKey: `${event.dedupeKey}/merged` })
}

/**
 * A survivor's list of merged ids can lag behind. A record that was not asked for is then the answer to one of the open
 * ids: to the only one left, or else to the one that brings it when each is asked alone.
 */
async function findSurvivors(context: ReadContext, search: Search, reading: RecordReading): Promise<void> {
  const { ids, events, open } = search
  const strangers = [...events.values()].filter((event) => event.kind !== 'merged' && !ids.includes(event.recordId))
  const [stranger] = strangers
  const [onlyOpen] = open
  if (stranger === undefined) return
  if (onlyOpen !== undefined && open.size === 1) survivedBy(search, stranger.recordId, [onlyOpen])
  for (const id of [...open]) {
    const [record, more] = await batchRead(context, reading, { ids: [id], archived: false })
    const event = record === undefined || more !== undefined ? undefined : recordEvent(record, reading)
    if (event === undefined) continue
    if (!events.has(event.recordId)) events.set(event.recordId, event)
    if (event.recordId === id) open.delete(id)
    else survivedBy(search, event.recordId, [id])
  }
}

/** A record in the recycle bin was deleted. One in neither place may also be too new to be found. */
async function findDeleted(context: ReadContext, { events, open }: Search, reading: RecordReading): Promise<void> {
  if (open.size === 0) return
  const bare = { ...reading, historyFields: [] }
  for (const record of await batchRead(context, bare, { ids: [...open], archived: true })) {
    const event = recordEvent({ ...record, archived: true }, bare)
    if (event !== undefined && open.delete(event.recordId)) events.set(event.recordId, event)
  }
}
