import type { ChangeEvent } from '../../../model/record/change-event.ts'
import { type ChangedPage, type ChangedSince, CrmRefusedError } from '../../crm-client.ts'
import { idOf, instantMsOf, nextPageOf, objectOf, resultsOf } from '../http/json-value.ts'
import { type ArchivedCursor, afterPage } from './archived-schedule.ts'
import { type PageCursor, parseCursor, printCursor } from './page-cursor.ts'
import type { ReadContext } from './read-context.ts'
import { type HubSpotRecord, mergeEvent, type RecordReading, recordEvent, withheldFields } from './record-event.ts'
import { isReadById, isTooWide, readingOf, withoutRefusedFields } from './record-reading.ts'
import { batchRead, listRecords, PAGE, type SearchCursor, searchRecords } from './record-requests.ts'

/** One page of a baseline or a poll, as complete change events. */
export async function changedSince(context: ReadContext, query: ChangedSince): Promise<ChangedPage> {
  const cursor = query.cursor === null ? firstCursor(query.sinceMs) : parseCursor(query.cursor)
  const wanted = await readingOf(context, query, query.source)
  const { found, reading, refused } = await withoutRefusedFields(context, wanted.reading, (usable) =>
    pageAt(context, usable, cursor),
  )
  const withheld = new Set(found.records.flatMap((record) => withheldFields(record, reading)))
  return {
    events: found.records.flatMap((record) => [
      // A baseline reports no merges: Lanekeeper never knew the records that were merged before it.
      ...(query.source === 'baseline' ? [] : eventOrNone(mergeEvent(record, reading))),
      ...eventOrNone(recordEvent(record, reading)),
    ]),
    cursor: found.next === null ? null : printCursor(found.next),
    unreadable: [...wanted.unreadable, ...refused, ...withheld],
    total: found.total,
  }
}

type Page = {
  readonly records: readonly HubSpotRecord[]
  readonly next: PageCursor | null
  readonly total: number | null
}

function firstCursor(sinceMs: number): PageCursor {
  return sinceMs <= 0 ? { mode: 'list', after: null } : { mode: 'search', sinceMs, firstMs: sinceMs, tiesAfterId: null }
}

function pageAt(context: ReadContext, reading: RecordReading, cursor: PageCursor): Promise<Page> {
  if (cursor.mode === 'list') return listPage(context, reading, cursor.after)
  if (cursor.mode === 'archived') return archivedPage(context, reading, cursor)
  return searchPage(context, reading, cursor)
}

/** The baseline: the list endpoint is complete at once, unlike the search index, and has no cap of 10,000. */
async function listPage(context: ReadContext, reading: RecordReading, after: string | null): Promise<Page> {
  const body = await listRecords(context, reading, { after, archived: false })
  const next = nextPageOf(body)
  const results = resultsOf(body, `list ${reading.objectType}`)
  const records = isTooWide(reading) ? await filled(context, reading, results) : results
  return { records, next: next === null ? null : { mode: 'list', after: next }, total: null }
}

async function archivedPage(context: ReadContext, reading: RecordReading, cursor: ArchivedCursor): Promise<Page> {
  const { rounds } = context
  const { objectType } = reading
  if (cursor.isListed) {
    rounds.settle(objectType, cursor)
    return { records: [], next: null, total: null }
  }
  const place = { after: cursor.after, archived: true }
  const body = await listRecords(context, { ...reading, historyFields: [] }, place).catch((error: unknown) => {
    if (error instanceof CrmRefusedError) rounds.again(objectType, cursor)
    throw error
  })
  return {
    records: resultsOf(body, `list deleted ${objectType}`).flatMap((record) =>
      (instantMsOf(record.archivedAt) ?? 0) >= cursor.sinceMs ? { ...record, archived: true } : [],
    ),
    next: afterPage(cursor, nextPageOf(body)),
    total: null,
  }
}

/**
 * One page of the search. The next page begins at a value and never at an offset: a record that changes while we page
 * jumps to the end and would pull an unseen one over the page's edge. Each page therefore ends with the last *whole*
 * millisecond on it. A single millisecond with more records than a page holds (a bulk import) is walked by id.
 */
async function searchPage(context: ReadContext, reading: RecordReading, cursor: SearchCursor): Promise<Page> {
  const body = await searchRecords(context, reading, cursor)
  const results = resultsOf(body, `search changed ${reading.objectType}`)
  // Later pages count only what is left of the run.
  const isFirst = cursor.sinceMs === cursor.firstMs && cursor.tiesAfterId === null
  const total = isFirst && typeof body.total === 'number' ? body.total : null
  const { kept, next } = afterSearch(context, reading, cursor, results)
  return { records: isReadById(reading) ? await filled(context, reading, kept) : kept, next, total }
}

/** Which records of a search page count, and where the next page begins. */
function afterSearch(
  { rounds }: ReadContext,
  { objectType, schema }: RecordReading,
  cursor: SearchCursor,
  results: readonly HubSpotRecord[],
): { readonly kept: readonly HubSpotRecord[]; readonly next: PageCursor | null } {
  const isFull = results.length >= PAGE
  const timeOf = (record: HubSpotRecord | undefined) =>
    instantMsOf(objectOf(record?.properties)?.[schema.modifiedField]) ?? instantMsOf(record?.updatedAt)
  if (cursor.tiesAfterId !== null) {
    const lastId = idOf(results.at(-1)?.id)
    const next: PageCursor =
      isFull && lastId !== undefined
        ? { ...cursor, tiesAfterId: lastId }
        : { ...cursor, sinceMs: cursor.sinceMs + 1, tiesAfterId: null }
    return { kept: results, next }
  }
  if (!isFull) return { kept: results, next: rounds.next(objectType, cursor.firstMs) }
  const lastMs = timeOf(results.at(-1)) ?? cursor.sinceMs
  if (lastMs === timeOf(results[0]) || lastMs <= cursor.sinceMs) {
    // All of one millisecond and maybe more of it: start that millisecond again, by id. An index that answers with older
    // times than it was asked for ends here too, so that every page moves on.
    return { kept: [], next: { ...cursor, sinceMs: Math.max(lastMs, cursor.sinceMs), tiesAfterId: '0' } }
  }
  const whole = results.filter((record) => timeOf(record) !== lastMs)
  return { kept: whole, next: { ...cursor, sinceMs: lastMs, tiesAfterId: null } }
}

/** The same records with all fields. One that was deleted since the search is left out here and found in the bin. */
async function filled(
  context: ReadContext,
  reading: RecordReading,
  results: readonly HubSpotRecord[],
): Promise<HubSpotRecord[]> {
  const ids = results.flatMap((record) => idOf(record.id) ?? [])
  return await batchRead(context, reading, { ids, archived: false })
}

function eventOrNone(event: ChangeEvent | undefined): ChangeEvent[] {
  return event === undefined ? [] : [event]
}
