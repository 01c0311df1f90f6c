import { type Kysely, sql } from 'kysely'
import type { ConnectionId, Crm, FieldText } from '../../model/record/change-event.ts'
import type { CrmRecord, FieldStamp, OwnerChange } from '../../model/record/crm-record.ts'
import { tiedFields } from '../../model/record/fold/reason-to-read.ts'
import { isUnseen } from '../../model/record/fold/record-marks.ts'
import { isOwnField } from '../../model/record/own-fields.ts'
import { type DriftKind, driftedFields, type FieldDrift } from '../../model/record/schema-drift.ts'
import type { Tables } from '../database/tables.ts'
import { noteVersion } from './record-versions.ts'

type RecordRow = {
  connection_id: string
  object_type: string
  record_id: string
  values: Record<string, FieldText>
  stamps: Record<string, FieldStamp>
  owner_history: OwnerChange[]
  deleted: boolean
  merged_into: string | null
  crm: Crm
  home_currency: string | null
  unreadable: string[] | null
  is_refused: boolean
  drift: readonly FieldDrift[] | null
  /** Fields that hold several values; null: none. */
  lists: string[] | null
  /** Fields that we cannot read and that the CRM does not describe; null: none. */
  undescribed: string[] | null
  /** What is asked for whenever the object is read, where some of it was never said of this record. */
  asked: string[] | null
  version: number
}

/** Fields that our credentials may not read, per connection and object. Small: one row per watched object. */
export type Unreadable = (connectionId: string, objectType: string) => ReadonlySet<string>

const NOTHING: ReadonlySet<string> = new Set()

/** A key held by more records than this says nothing alone; its holders are not even read. docs/patterns.md */
export const HOLDERS_MAX = 200

export const COLUMNS = sql`r.connection_id, r.object_type, r.record_id, r.values, r.stamps, r.owner_history, r.deleted,
  r.merged_into, c.crm, c.home_currency, s.unreadable, s.refused_since is not null as is_refused, nullif(s.drift, '[]'::jsonb) as drift,
  nullif(s.lists, '[]'::jsonb) as lists, nullif(s.undescribed, '{}') as undescribed,
  case when not r.values ?& s.asked then s.asked end as asked, r.version`
export const FROM = sql`record r
  join connection c on c.id = r.connection_id
  left join object_schema s on s.connection_id = r.connection_id and s.object_type = r.object_type`

export function toRecord(row: RecordRow): CrmRecord {
  return noteVersion(row.version, {
    connectionId: row.connection_id as ConnectionId,
    crm: row.crm,
    objectType: row.object_type,
    recordId: row.record_id,
    values: row.values,
    stamps: row.stamps,
    ownerHistory: row.owner_history,
    deleted: row.deleted,
    mergedInto: row.merged_into,
    ...(row.merged_into === null && isUnseen(row) ? { isUnseen: true } : {}),
    ...(row.home_currency === null ? {} : { homeCurrency: row.home_currency }),
    ...(row.is_refused ? { isRefused: true } : {}),
    ...(row.lists === null ? {} : { lists: new Set(row.lists) }),
    ...notDescribed(row),
    ...notToBeJudged(row),
  })
}

/** The CRM's own fields are there in every account of it, so that one which is not described is hidden from us. */
function notDescribed({ crm, object_type, undescribed }: RecordRow): Pick<CrmRecord, 'undescribed'> {
  const fields = (undescribed ?? []).filter((field) => !isOwnField(crm, object_type, field))
  return fields.length === 0 ? {} : { undescribed: new Set(fields) }
}

/** A field of which not even a blank was said has never been read of this record: nobody knows that it is blank. */
function notToBeJudged({
  values,
  stamps,
  unreadable,
  drift,
  asked,
}: RecordRow): Pick<CrmRecord, 'unreadable' | 'drifted'> {
  const hidden = unreadable === null || unreadable.length === 0 ? NOTHING : new Set(unreadable)
  const unsaid = (asked ?? []).filter((field) => !Object.hasOwn(values, field))
  // Two values of one moment: what stands is not known before it is read.
  const unread = [...unsaid, ...tiedFields({ stamps })].filter((field) => !hidden.has(field))
  if (unread.length === 0) {
    return { unreadable: hidden, ...(drift === null ? {} : { drifted: driftedFields(values, drift) }) }
  }
  const drifted = new Map<string, DriftKind>(unread.map((field) => [field, 'not-read']))
  for (const [field, kind] of driftedFields(values, drift ?? [])) drifted.set(field, kind)
  return { unreadable: new Set([...hidden, ...unread]), drifted }
}

/** Records of one connection by (object, id). */
export async function readRecordsById(
  db: Kysely<Tables>,
  connectionId: ConnectionId,
  refs: readonly { readonly objectType: string; readonly recordId: string }[],
  lock: 'lock' | 'no-lock' = 'no-lock',
): Promise<CrmRecord[]> {
  if (refs.length === 0) return []
  const { rows } = await sql<RecordRow>`
    select ${COLUMNS} from ${FROM}
    join unnest(${refs.map((r) => r.objectType)}::text[], ${refs.map((r) => r.recordId)}::text[]) as w(object_type, record_id)
      on w.object_type = r.object_type and w.record_id = r.record_id
    where r.connection_id = ${connectionId}
    ${lock === 'lock' ? sql`order by r.object_type, r.record_id for update of r` : sql``}`.execute(db)
  return rows.map(toRecord)
}
