import type { ChangeEvent, ConnectionId } from '../../../model/record/change-event.ts'
import { type ChangedPage, type ChangedSince, CrmRefusedError, type ReadRecords } from '../../crm-client.ts'
import { contextTexts, errorDetails, HubSpotRefusal } from '../http/errors.ts'
import type { HubSpotHttp } from '../http/http.ts'
import { idOf, instantMsOf, type JsonObject, nextPageOf, objectOf, resultsOf } from '../http/json-value.ts'
import type { HubSpotPaths } from '../http/paths.ts'
import { type ArchivedCursor, afterPage, createDeletionRounds } from './archived-schedule.ts'
import { type PageCursor, parseCursor, printCursor } from './page-cursor.ts'
import { mergedIdsOf, mergeEvent, type RecordReading, recordEvent, withheldFields } from './record-event.ts'
import type { HubSpotSchema, HubSpotSchemas } from './schemas.ts'

export type HubSpotRecords = {
  changedSince(query: ChangedSince): Promise<ChangedPage>
  readRecords(query: ReadRecords): Promise<{ events: ChangeEvent[]; missing: string[] }>
}

export type RecordsOptions = {
  readonly connectionId: ConnectionId
  readonly appId: string | null
  readonly http: HubSpotHttp
  readonly paths: HubSpotPaths
  readonly schemas: HubSpotSchemas
  readonly nowMs: () => number
}

const PAGE = 100
// With history HubSpot documents 50 for lists and nothing for batch reads; 50 is what integrators found to hold.
const PAGE_WITH_HISTORY = 50
// The search body may have 3,000 characters, of which quotes and filters take their part. Wider sets are read by id.
const NAMES_MAX = 1_700
// What names the actor of a creation, and the ids that were merged into a record.
const ALWAYS = ['createdate', 'hs_createdate', 'hs_object_source', 'hs_object_source_id', 'hs_merged_object_ids']

export function createHubSpotRecords(options: RecordsOptions): HubSpotRecords {
  const { connectionId, appId, http, paths, schemas, nowMs } = options
  const rounds = createDeletionRounds(nowMs)

  type Wanted = Pick<ChangedSince, 'objectType' | 'fields' | 'historyFields'>

  async function readingOf(
    wanted: Wanted,
    source: RecordReading['source'],
  ): Promise<RecordReading & { unreadable: string[] }> {
    const schema = await schemas.of(wanted.objectType)
    const exists = (name: string) => schema.fields.has(name)
    const named = [...new Set([...wanted.fields, ...wanted.historyFields])]
    return {
      connectionId,
      appId,
      objectType: wanted.objectType,
      schema,
      fields: named.filter(exists),
      historyFields: [...new Set(wanted.historyFields)].filter(exists),
      source,
      unreadable: named.filter((name) => !exists(name)),
    }
  }

  async function changedSince(query: ChangedSince): Promise<ChangedPage> {
    const cursor = query.cursor === null ? firstCursor(query.sinceMs) : parseCursor(query.cursor)
    const reading = await readingOf(query, query.source)
    const page = await withoutRefusedFields(reading, (usable) => pageAt(cursor, usable))
    const withheld = new Set(page.records.flatMap((record) => withheldFields(record, page.reading)))
    return {
      events: page.records.flatMap((record) => [
        // Whoever was merged before the first import was never known to us.
        ...(query.source === 'baseline' ? [] : eventOrNone(mergeEvent(record, page.reading))),
        ...eventOrNone(recordEvent(record, page.reading)),
      ]),
      cursor: page.next === null ? null : printCursor(page.next),
      unreadable: [...reading.unreadable, ...page.refused, ...withheld],
      total: page.total,
    }
  }

  type Page = { readonly records: JsonObject[]; readonly next: PageCursor | null; readonly total: number | null }

  function pageAt(cursor: PageCursor, reading: RecordReading): Promise<Page> {
    if (cursor.mode === 'list') return listPage(cursor.after, reading)
    if (cursor.mode === 'archived') return archivedPage(cursor, reading)
    return searchPage(cursor, reading)
  }

  /** The baseline: the list endpoint is complete at once, unlike the search index, and has no cap of 10,000. */
  async function listPage(after: string | null, reading: RecordReading): Promise<Page> {
    const body = await list(reading, after, false)
    const next = nextPageOf(body)
    const results = resultsOf(body, `list ${reading.objectType}`)
    const records = tooWide(reading) ? await filled(results, reading) : results
    return { records, next: next === null ? null : { mode: 'list', after: next }, total: null }
  }

  async function archivedPage(cursor: ArchivedCursor, reading: RecordReading): Promise<Page> {
    if (cursor.isListed) {
      rounds.settle(reading.objectType, cursor)
      return { records: [], next: null, total: null }
    }
    const body = await list({ ...reading, historyFields: [] }, cursor.after, true).catch((error: unknown) => {
      if (error instanceof CrmRefusedError) rounds.again(reading.objectType, cursor)
      throw error
    })
    return {
      records: resultsOf(body, `list deleted ${reading.objectType}`).flatMap((record) =>
        (instantMsOf(record.archivedAt) ?? 0) >= cursor.sinceMs ? { ...record, archived: true } : [],
      ),
      next: afterPage(cursor, nextPageOf(body)),
      total: null,
    }
  }

  async function list(reading: RecordReading, after: string | null, archived: boolean): Promise<JsonObject> {
    const withHistory = reading.historyFields.length > 0
    const { body } = await http({
      kind: 'read',
      method: 'GET',
      path: paths.objects(reading.objectType),
      query: {
        limit: String(withHistory ? PAGE_WITH_HISTORY : PAGE),
        properties: tooWide(reading) ? '' : propertiesOf(reading).join(','),
        ...(withHistory && !tooWide(reading) ? { propertiesWithHistory: reading.historyFields.join(',') } : {}),
        ...(after === null ? {} : { after }),
        archived: String(archived),
      },
      attempt: `list ${archived ? 'deleted ' : ''}${reading.objectType}`,
    })
    return body
  }

  /**
   * One page of the search, moved on by value and never by offset: a record that changes while we page jumps to the
   * end and would pull an unseen one over the page's edge. Each page therefore ends with the last *whole* millisecond
   * on it; a single millisecond with more records than a page holds (a bulk import) is walked by id.
   */
  async function searchPage(cursor: Extract<PageCursor, { mode: 'search' }>, reading: RecordReading): Promise<Page> {
    const { modifiedField } = reading.schema
    const found = await search(cursor, reading)
    const results = resultsOf(found, `search changed ${reading.objectType}`)
    // Later pages count only what is left of the run.
    const first = cursor.sinceMs === cursor.firstMs && cursor.tiesAfterId === null
    const total = first && typeof found.total === 'number' ? found.total : null
    const full = results.length >= PAGE
    const complete = async (some: JsonObject[]) => (readById(reading) ? await filled(some, reading) : some)
    const timeOf = (record: JsonObject | undefined) => {
      const properties = objectOf(record?.properties)
      return instantMsOf(properties?.[modifiedField]) ?? instantMsOf(record?.updatedAt)
    }

    if (cursor.tiesAfterId !== null) {
      const lastId = idOf(results.at(-1)?.id)
      const next: PageCursor =
        full && lastId !== undefined
          ? { ...cursor, tiesAfterId: lastId }
          : { ...cursor, sinceMs: cursor.sinceMs + 1, tiesAfterId: null }
      return { records: await complete(results), next, total }
    }
    if (!full) return { records: await complete(results), next: rounds.next(reading.objectType, cursor.firstMs), total }
    const lastMs = timeOf(results.at(-1)) ?? cursor.sinceMs
    if (lastMs === timeOf(results[0]) || lastMs <= cursor.sinceMs) {
      // All of one millisecond and maybe more of it: start that millisecond again, by id. An index that answers with
      // older times than it was asked for lands here too, so that every page moves on.
      return { records: [], next: { ...cursor, sinceMs: Math.max(lastMs, cursor.sinceMs), tiesAfterId: '0' }, total }
    }
    const whole = results.filter((record) => timeOf(record) !== lastMs)
    return { records: await complete(whole), next: { ...cursor, sinceMs: lastMs, tiesAfterId: null }, total }
  }

  async function search(cursor: Extract<PageCursor, { mode: 'search' }>, reading: RecordReading): Promise<JsonObject> {
    const { modifiedField } = reading.schema
    const at = String(cursor.sinceMs)
    const filters =
      cursor.tiesAfterId === null
        ? [{ propertyName: modifiedField, operator: 'GTE', value: at }]
        : [
            { propertyName: modifiedField, operator: 'EQ', value: at },
            { propertyName: 'hs_object_id', operator: 'GT', value: cursor.tiesAfterId },
          ]
    const request = {
      filterGroups: [{ filters }],
      sorts: [{ propertyName: cursor.tiesAfterId === null ? modifiedField : 'hs_object_id', direction: 'ASCENDING' }],
      properties: readById(reading) ? [modifiedField] : propertiesOf(reading),
      limit: PAGE,
    }
    const { body } = await http({
      kind: 'search',
      method: 'POST',
      path: `${paths.objects(reading.objectType)}/search`,
      body: request,
      attempt: `search changed ${reading.objectType}`,
    })
    return body
  }

  /** Search brings neither history nor more fields than its body can name; those pages are read by id. */
  function readById(reading: RecordReading): boolean {
    return reading.historyFields.length > 0 || tooWide(reading)
  }

  /** More field names than a URL carries safely, or than search takes in its body. */
  function tooWide(reading: RecordReading): boolean {
    return propertiesOf(reading).join(',').length > NAMES_MAX
  }

  async function filled(results: JsonObject[], reading: RecordReading): Promise<JsonObject[]> {
    const ids = results.flatMap((record) => idOf(record.id) ?? [])
    // What was deleted since the search is left out here and found among the deleted.
    return await batchRead(ids, reading, false)
  }

  async function batchRead(ids: readonly string[], reading: RecordReading, archived: boolean): Promise<JsonObject[]> {
    const size = reading.historyFields.length > 0 ? PAGE_WITH_HISTORY : PAGE
    const records: JsonObject[] = []
    for (let from = 0; from < ids.length; from += size) {
      const { body } = await http({
        kind: 'read',
        method: 'POST',
        path: `${paths.objects(reading.objectType)}/batch/read`,
        query: { archived: String(archived) },
        body: {
          inputs: ids.slice(from, from + size).map((id) => ({ id })),
          properties: propertiesOf(reading),
          propertiesWithHistory: reading.historyFields,
        },
        attempt: `read ${reading.objectType} by id`,
      })
      records.push(...resultsOf(body, `read ${reading.objectType} by id`))
    }
    return records
  }

  async function readRecords(query: ReadRecords): Promise<{ events: ChangeEvent[]; missing: string[] }> {
    const ids = [...new Set(query.ids)]
    const reading = await readingOf(query, 'poll')
    const live = await withoutRefusedFields(reading, async (usable) => ({
      records: await batchRead(ids, usable, false),
    }))
    const events = new Map<string, ChangeEvent>()
    const open = new Set(ids)
    for (const record of live.records) {
      const event = recordEvent(record, live.reading)
      if (event === undefined) continue
      open.delete(event.recordId)
      events.set(event.recordId, event)
    }
    // A survivor stands in for the ids that were merged into it, whether it was asked for or not.
    const survivedBy = (recordId: string, ids: readonly string[]) => {
      const event = events.get(recordId)
      if (event === undefined || ids.length === 0) return
      for (const id of ids) open.delete(id)
      const mergedIds = [...new Set([...(event.mergedIds ?? []), ...ids])].sort()
      events.set(recordId, { ...event, kind: 'merged', mergedIds, dedupeKey: `${event.dedupeKey}/merged` })
    }
    for (const record of live.records) survivedBy(idOf(record.id) ?? '', mergedIdsOf(record))
    // Its list of merged ids can lag behind. A record that nobody asked for is then the answer to a question that is
    // still open: to which one is plain where one is left, and otherwise when each is asked alone.
    const strangers = [...events.values()].filter((event) => event.kind !== 'merged' && !ids.includes(event.recordId))
    const [stranger] = strangers
    const [onlyOpen] = open
    if (stranger !== undefined && onlyOpen !== undefined && open.size === 1) survivedBy(stranger.recordId, [onlyOpen])
    for (const id of strangers.length > 0 ? [...open] : []) {
      const [record, more] = await batchRead([id], live.reading, false)
      const event = record === undefined || more !== undefined ? undefined : recordEvent(record, live.reading)
      if (event === undefined) continue
      if (!events.has(event.recordId)) events.set(event.recordId, event)
      if (event.recordId === id) open.delete(id)
      else survivedBy(event.recordId, [id])
    }
    // In the recycle bin is known to be deleted; in neither place may also be too new to be found yet.
    if (open.size > 0) {
      const bare = { ...live.reading, historyFields: [] }
      for (const record of await batchRead([...open], bare, true)) {
        const event = recordEvent({ ...record, archived: true }, bare)
        if (event !== undefined && open.delete(event.recordId)) events.set(event.recordId, event)
      }
    }
    return { events: [...events.values()], missing: [...open] }
  }

  /**
   * Runs a read; when HubSpot refuses it because of fields that went away since their list was read, runs it once more
   * without them.
   */
  async function withoutRefusedFields<T>(
    reading: RecordReading,
    run: (usable: RecordReading) => Promise<T>,
  ): Promise<T & { readonly reading: RecordReading; readonly refused: string[] }> {
    try {
      return { ...(await run(reading)), reading, refused: [] }
    } catch (error) {
      const refused = refusedFields(error).filter((name) => reading.fields.includes(name))
      if (refused.length === 0) throw error
      schemas.forget(reading.objectType)
      const keep = (name: string) => !refused.includes(name)
      const usable = {
        ...reading,
        fields: reading.fields.filter(keep),
        historyFields: reading.historyFields.filter(keep),
      }
      return { ...(await run(usable)), reading: usable, refused }
    }
  }

  return { changedSince, readRecords }
}

function firstCursor(sinceMs: number): PageCursor {
  return sinceMs <= 0 ? { mode: 'list', after: null } : { mode: 'search', sinceMs, firstMs: sinceMs, tiesAfterId: null }
}

function propertiesOf(reading: RecordReading): string[] {
  const exists = (schema: HubSpotSchema, name: string) => schema.fields.has(name)
  const always = [reading.schema.modifiedField, ...ALWAYS.filter((name) => exists(reading.schema, name))]
  return [...new Set([...always, ...reading.fields])]
}

function eventOrNone(event: ChangeEvent | undefined): ChangeEvent[] {
  return event === undefined ? [] : [event]
}

function refusedFields(error: unknown): string[] {
  if (!(error instanceof CrmRefusedError) || !(error instanceof HubSpotRefusal)) return []
  return errorDetails(error.body)
    .filter((detail) => detail.code === 'PROPERTY_DOESNT_EXIST')
    .flatMap((detail) => contextTexts(detail.context, 'propertyName'))
}
