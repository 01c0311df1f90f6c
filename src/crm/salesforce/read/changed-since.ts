import type { ChangeEvent } from '../../../model/record/change-event.ts'
import type { ChangedPage, ChangedSince, ReadRecords } from '../../crm-client.ts'
import { CrmRefusedError, CrmUnknownError } from '../../crm-client.ts'
import { isSalesforceId, longId } from '../http/record-id.ts'
import { SALESFORCE } from '../profile.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { timeMs } from '../rest/field-text.ts'
import { chunks, PAGE_ROWS_MAX, QUERY_CHARS_MAX, query, type Row, text } from '../rest/query.ts'
import type { ObjectSchemas } from '../rest/schemas.ts'
import { soqlId, soqlIds, soqlInstant, soqlName } from '../rest/soql.ts'
import type { DeletedRecords } from './deleted-records.ts'
import { deletedRowEvent, type RowContext, rowEvent, type Selection, selectFields } from './record-event.ts'

export type Reading = {
  readonly call: SalesforceCall
  readonly schemas: ObjectSchemas
  readonly context: Omit<RowContext, 'source' | 'askedAtMs'>
  readonly deleted: DeletedRecords
  /** Our clock, used where an answer has no Date header. */
  readonly nowMs: () => number
}

/**
 * Where the next page begins. `deleted` comes after the last live record, because only queryAll lists deleted ones. `ids`
 * is the sweep: the ids of all records, in the order of the primary key, which is cheap for Salesforce.
 */
type Cursor = {
  readonly phase: 'live' | 'deleted' | 'ids'
  readonly after: { readonly atMs: number; readonly id: string } | null
}

export async function changedSince(reading: Reading, wanted: ChangedSince): Promise<ChangedPage> {
  const schema = await reading.schemas.recent(wanted.objectType)
  const selection = selectFields(schema, [...wanted.fields, ...wanted.historyFields])
  // All records and no fields: the caller compares ids, to find records that were deleted without a trace.
  const sweep = wanted.sinceMs === 0 && wanted.fields.length === 0 && wanted.historyFields.length === 0
  const cursor: Cursor =
    wanted.cursor === null ? { phase: sweep ? 'ids' : 'live', after: null } : readCursor(wanted.cursor)
  const sentAtMs = reading.nowMs()
  const { rows, full, askedAtMs } = await readPage(reading.call, selection, wanted, cursor)
  const context: RowContext = { ...reading.context, source: wanted.source, askedAtMs: askedAtMs ?? sentAtMs }
  const toEvent = cursor.phase === 'deleted' ? deletedRowEvent : rowEvent
  const events = rows.map((row) => toEvent(row, selection, context)).filter((event) => event !== null)
  const total = wanted.cursor === null ? await countAll(reading.call, selection, wanted, rows.length, full) : null
  return { events, cursor: nextCursor(cursor, rows, selection, full, wanted), unreadable: selection.unreadable, total }
}

async function readPage(
  call: SalesforceCall,
  selection: Selection,
  { sinceMs }: ChangedSince,
  { phase, after }: Cursor,
): Promise<{ rows: readonly Row[]; full: boolean; askedAtMs: number | null }> {
  const by = selection.modifiedField
  const conditions: string[] = []
  if (phase === 'deleted') conditions.push('IsDeleted = true')
  // A keyset instead of Salesforce's query cursor: it survives restarts, days, and changes while we read.
  if (after && phase === 'ids') conditions.push(`Id > ${soqlId(after.id)}`)
  else if (after) {
    const at = soqlInstant(after.atMs)
    conditions.push(`(${by} > ${at} OR (${by} = ${at} AND Id > ${soqlId(after.id)}))`)
  } else if (sinceMs > 0) conditions.push(`${by} >= ${soqlInstant(sinceMs)}`)
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
  const select = { live: selection.select, deleted: deletedSelect(selection), ids: ['Id', by] }[phase]
  const soql = `SELECT ${select.map(soqlName).join(', ')} FROM ${soqlName(selection.objectType)}${where} ORDER BY ${phase === 'ids' ? 'Id' : `${by}, Id`} LIMIT ${PAGE_ROWS_MAX}`
  const answer = await query(call, soql, phase === 'deleted')
  // Objects with long text fields come in smaller pages than asked for; `done` false then means more.
  const { rows, askedAtMs } = answer
  return { rows, full: !answer.done || rows.length >= PAGE_ROWS_MAX, askedAtMs }
}

function deletedSelect({ schema, modifiedField }: Selection): string[] {
  const optional = ['LastModifiedById', 'MasterRecordId'].filter((name) => schema.byName.has(name))
  return ['Id', modifiedField, ...optional]
}

/** For the progress display. Null: Salesforce did not count. */
async function countAll(
  call: SalesforceCall,
  { objectType, modifiedField }: Selection,
  { sinceMs }: ChangedSince,
  rows: number,
  full: boolean,
): Promise<number | null> {
  if (!full) return rows
  const where = sinceMs > 0 ? ` WHERE ${modifiedField} >= ${soqlInstant(sinceMs)}` : ''
  try {
    return (await query(call, `SELECT COUNT() FROM ${soqlName(objectType)}${where}`)).totalSize
  } catch (error) {
    // Salesforce cannot count tens of millions in time; we read them all the same.
    if (error instanceof CrmRefusedError || error instanceof CrmUnknownError) return null
    throw error
  }
}

function nextCursor(
  { phase }: Cursor,
  rows: readonly Row[],
  { modifiedField, schema }: Selection,
  full: boolean,
  { sinceMs }: ChangedSince,
): string | null {
  const last = rows.findLast((row) => text(row.Id) !== null && timeMs(row[modifiedField]) !== null)
  const id = text(last?.Id)
  const atMs = timeMs(last?.[modifiedField])
  if (full && id !== null && atMs !== null) return writeCursor({ phase, after: { atMs, id } })
  if (full) throw new CrmUnknownError('Cannot read on: no row of a page has an id and a time', { status: 200 })
  // A baseline knows no record that could be deleted yet; users and groups are never deleted.
  return phase === 'live' && sinceMs > 0 && schema.byName.has('IsDeleted')
    ? writeCursor({ phase: 'deleted', after: null })
    : null
}

function writeCursor({ phase, after }: Cursor): string {
  return Buffer.from(JSON.stringify([phase, after?.atMs ?? null, after?.id ?? null])).toString('base64url')
}

function readCursor(cursor: string): Cursor {
  const [phase, atMs, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
  if (phase !== 'live' && phase !== 'deleted' && phase !== 'ids') {
    throw new RangeError(`not a cursor of ours: ${cursor.slice(0, 80)}`)
  }
  if (typeof atMs !== 'number' || typeof id !== 'string') return { phase, after: null }
  return { phase, after: { atMs, id } }
}

export async function readRecords(
  reading: Reading,
  { objectType, ids, fields, historyFields }: ReadRecords,
): Promise<{ events: ChangeEvent[]; missing: string[] }> {
  const selection = selectFields(await reading.schemas.recent(objectType), [...fields, ...historyFields])
  const events: ChangeEvent[] = []
  const found = new Set<string>()
  /** Of which there is a row, live or in the recycle bin. */
  const listed = new Set<string>()
  const askable = [...new Set(ids)].filter(isSalesforceId)
  const optional = ['IsDeleted', 'MasterRecordId'].filter((name) => selection.schema.byName.has(name))
  const select = [...new Set([...selection.select, ...optional])]
  const head = `SELECT ${select.map(soqlName).join(', ')} FROM ${soqlName(objectType)} WHERE Id IN `
  for (const chunk of chunks(askable, idsPerQuery(head))) {
    // queryAll also finds the losers of a merge, which name the record to read in their place.
    const sentAtMs = reading.nowMs()
    const { rows, askedAtMs } = await query(reading.call, head + soqlIds(chunk), true)
    const context: RowContext = { ...reading.context, source: 'poll', askedAtMs: askedAtMs ?? sentAtMs }
    for (const row of rows) {
      const gone = row.IsDeleted === true
      const merged = gone && text(row.MasterRecordId) !== null
      const event = gone ? deletedRowEvent(row, selection, context) : rowEvent(row, selection, context)
      const recordId = longId(text(row.Id) ?? '')
      if (event) events.push(event)
      if (recordId === null) continue
      listed.add(recordId)
      // A row of which nothing can be told is there all the same. The loser of a merge stays missing: the event is its
      // survivor's.
      if (!merged && (event || !gone)) found.add(recordId)
    }
  }
  for (const event of await purged(
    reading,
    selection,
    askable.filter((id) => !listed.has(longId(id) ?? id)),
  )) {
    events.push(event)
    found.add(event.recordId)
  }
  return { events, missing: ids.filter((id) => !found.has(longId(id) ?? id)) }
}

/** Those that are no longer in the recycle bin either, and of which Salesforce still says that they were deleted. */
async function purged(
  { context, deleted }: Reading,
  { objectType }: Selection,
  absent: readonly string[],
): Promise<ChangeEvent[]> {
  const deletedAt = await deleted(
    objectType,
    absent.map((id) => longId(id) ?? id),
  )
  return [...deletedAt].map(([recordId, occurredAtMs]) => ({
    connectionId: context.connectionId,
    dedupeKey: `rest/${objectType}/${recordId}/${occurredAtMs}/deleted`,
    objectType,
    recordId,
    kind: 'deleted',
    occurredAtMs,
    order: 0,
    fields: {},
    complete: false,
    source: 'poll',
    actor: { kind: 'unknown', id: null, ours: false },
  }))
}

/** Three characters of every id are quotes and comma, which the URL writes as nine. */
function idsPerQuery(head: string): number {
  const room = QUERY_CHARS_MAX - encodeURIComponent(head).length
  return Math.max(1, Math.min(SALESFORCE.readBatchMax, Math.floor(room / 27)))
}
