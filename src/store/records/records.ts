import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { ConnectionId, Crm, FieldText } from '../../model/record/change-event.ts'
import type { CrmRecord, FieldStamp, OwnerChange } from '../../model/record/crm-record.ts'
import { objectsAbout } from '../../model/record/object-shape.ts'
import { type DriftKind, driftedFields, type FieldDrift } from '../../model/record/schema-drift.ts'
import { taskClosedAtMs } from '../../model/record/task-closed.ts'
import type { Tables } from '../database/tables.ts'

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
  unreadable: string[] | null
  drift: readonly FieldDrift[] | null
  /** What is asked for whenever the object is read, where some of it was never said of this record. */
  asked: string[] | null
}

/** Fields that our credentials may not read, per connection and object. Small: one row per watched object. */
export type Unreadable = (connectionId: string, objectType: string) => ReadonlySet<string>

const NOTHING: ReadonlySet<string> = new Set()

/** A key held by more records than this says nothing alone; its holders are not even read. docs/patterns.md */
export const HOLDERS_MAX = 200

export const COLUMNS = sql`r.connection_id, r.object_type, r.record_id, r.values, r.stamps, r.owner_history, r.deleted,
  r.merged_into, c.crm, s.unreadable, nullif(s.drift, '[]'::jsonb) as drift,
  case when not r.values ?& s.asked then s.asked end as asked`
export const FROM = sql`record r
  join connection c on c.id = r.connection_id
  left join object_schema s on s.connection_id = r.connection_id and s.object_type = r.object_type`

export function toRecord(row: RecordRow): CrmRecord {
  return {
    connectionId: row.connection_id as ConnectionId,
    crm: row.crm,
    objectType: row.object_type,
    recordId: row.record_id,
    values: row.values,
    stamps: row.stamps,
    ownerHistory: row.owner_history,
    deleted: row.deleted,
    mergedInto: row.merged_into,
    ...notToBeJudged(row),
  }
}

/** A field of which not even a blank was said has never been read of this record: nobody knows that it is blank. */
function notToBeJudged({ values, unreadable, drift, asked }: RecordRow): Pick<CrmRecord, 'unreadable' | 'drifted'> {
  const hidden = unreadable === null || unreadable.length === 0 ? NOTHING : new Set(unreadable)
  const unread = (asked ?? []).filter((field) => !Object.hasOwn(values, field) && !hidden.has(field))
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

export type RecordWrite = {
  readonly record: CrmRecord
  readonly ownerId: FieldText
  readonly accountId: FieldText
  /** What it is matched by. */
  readonly keys: readonly string[]
  /** What it is only found by, when the holder of the plain key changes: `of-domain:acme.com`. */
  readonly links: readonly string[]
  readonly needsRead: string | null
  /** True: the CRM was asked and this is what it said. Nothing less answers a look that somebody asked for. */
  readonly answers: boolean
  /** Decide again. False leaves the mark as it is. */
  readonly dirty: boolean
}

/** A person closed the task of this record, and it is to be seen whether the condition is gone. */
const ASKED_BY_VERIFY = 'task-closed'

/** Writes the folded records of one connection: one statement for the rows, one for the match keys that changed. */
export async function saveRecords(trx: Kysely<Tables>, writes: readonly RecordWrite[]): Promise<void> {
  if (writes.length === 0) return
  const rows = writes.map((w) => ({
    c: w.record.connectionId,
    t: w.record.objectType,
    r: w.record.recordId,
    v: w.record.values,
    s: w.record.stamps,
    h: w.record.ownerHistory,
    o: w.ownerId,
    a: w.accountId,
    k: w.keys,
    l: w.links,
    d: w.record.deleted,
    m: w.record.mergedInto,
    n: w.needsRead,
    q: w.answers,
    y: w.dirty,
    z: taskClosedAtMs(w.record),
  }))
  await sql`
    with w as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        as x(c text, t text, r text, v jsonb, s jsonb, h jsonb, o text, a text, k text[], l text[], d boolean, m text, n text, q boolean, y boolean, z bigint)
    ), gone as (
      delete from match_key k using w
      where k.connection_id = w.c and k.object_type = w.t and k.record_id = w.r and not (k.key = any(w.k || w.l))
    ), added as (
      insert into match_key (key, connection_id, object_type, record_id)
      select key, w.c, w.t, w.r from w, unnest(w.k || w.l) as key
      on conflict do nothing
    )
    insert into record as r
      (connection_id, object_type, record_id, values, stamps, owner_history, owner_id, account_id, keys, deleted,
       merged_into, task_closed_at_ms, needs_read, read_after, dirty_since)
    select c, t, r, v, s, h, o, a, k, d, m, z, n, case when n is not null then clock_timestamp() end,
      case when y then clock_timestamp() end
    from w
    order by c, t, r
    on conflict (connection_id, object_type, record_id) do update set
      values = excluded.values, stamps = excluded.stamps, owner_history = excluded.owner_history,
      owner_id = excluded.owner_id, account_id = excluded.account_id, keys = excluded.keys,
      deleted = excluded.deleted, merged_into = excluded.merged_into, task_closed_at_ms = excluded.task_closed_at_ms,
      (needs_read, read_attempts, read_after) = (
        select need,
          case when need is null then 0 else r.read_attempts end,
          case when need is null then null when r.needs_read is null then excluded.read_after else r.read_after end
        from (select case
          -- never null, or the search below would run for every row
          when coalesce(r.needs_read, '') = ${ASKED_BY_VERIFY} and not excluded.deleted and excluded.merged_into is null
            and not (select w.q from w where w.t = excluded.object_type and w.r = excluded.record_id)
          then r.needs_read else excluded.needs_read end as need) n
      ),
      dirty_since = coalesce(r.dirty_since, excluded.dirty_since),
      updated_at = clock_timestamp()`.execute(trx)
}

/**
 * Marks the rows of `select connection_id, object_type, record_id` for another decision. A row that a decision holds
 * right now is waited for, and marked after it: that decision read its neighbours before the change, and it clears the
 * mark when it is done. Judging by the committed row instead would lose the mark. In key order, so that two who mark
 * the same rows do not meet.
 */
async function markRows(db: Kysely<Tables>, rows: RawBuilder<unknown>): Promise<void> {
  await sql`
    with target as materialized (${rows}),
    locked as materialized (
      select r.connection_id, r.object_type, r.record_id, r.dirty_since
      from target
      join record r on r.connection_id = target.connection_id and r.object_type = target.object_type
        and r.record_id = target.record_id
      order by r.connection_id, r.object_type, r.record_id
      for update of r
    )
    update record r set dirty_since = clock_timestamp()
    from locked l
    where r.connection_id = l.connection_id and r.object_type = l.object_type and r.record_id = l.record_id
      and l.dirty_since is null`.execute(db)
}

/**
 * Marks for another decision every record that a changed one may matter to: holders of the same keys (before and after
 * the change), and what hangs off a changed account or deal. A key held by more than 200 records says nothing alone
 * (docs/patterns.md), so its holders are left alone, unless it became such a key just now. A link is no match, so there all are meant.
 */
export async function markNeighboursDirty(
  trx: Kysely<Tables>,
  connectionId: ConnectionId,
  changed: {
    /** With how many of the changed records are new holders of it. */
    readonly keys: ReadonlyMap<string, number>
    readonly accountIds: readonly string[]
    /** Link keys of domains that these accounts held before the change. */
    readonly linksBefore: readonly string[]
  },
): Promise<void> {
  if (changed.keys.size > 0) {
    await markRows(
      trx,
      sql`
        select distinct m.connection_id, m.object_type, m.record_id
        from unnest(${[...changed.keys.keys()]}::text[], ${[...changed.keys.values()]}::int[]) as wanted(key, gained)
        cross join lateral (
          select k.connection_id, k.object_type, k.record_id, count(*) over () as holders
          from (select * from match_key where key = wanted.key limit ${HOLDERS_MAX} + wanted.gained + 1) k
        ) m
        where m.holders <= ${HOLDERS_MAX} + wanted.gained`,
    )
  }
  if (changed.accountIds.length > 0) {
    await markRows(
      trx,
      sql`
        select connection_id, object_type, record_id from record
        where connection_id = ${connectionId} and object_type = any(${objectsAbout('person')}::text[])
          and account_id = any(${changed.accountIds}::text[])
        union
        select connection_id, object_type, record_id from record
        where connection_id = ${connectionId} and object_type = any(${objectsAbout('account')}::text[])
          and record_id = any(${changed.accountIds}::text[])
        union
        select m.connection_id, m.object_type, m.record_id
        from (
          select unnest(${changed.linksBefore}::text[]) as key
          union
          select 'of-' || key from match_key
          where connection_id = ${connectionId} and object_type = any(${objectsAbout('account')}::text[])
            and record_id = any(${changed.accountIds}::text[]) and key like 'domain:%'
        ) link
        join match_key m on m.key = link.key and m.connection_id = ${connectionId}`,
    )
  }
}

/** Records owned by these users are decided again: somebody left, came back, or a queue lost its last member. */
export async function markOwnedDirty(
  db: Kysely<Tables>,
  connectionId: ConnectionId,
  ownerIds: readonly string[],
): Promise<void> {
  if (ownerIds.length === 0) return
  await markRows(
    db,
    sql`select connection_id, object_type, record_id from record
      where connection_id = ${connectionId} and owner_id = any(${ownerIds}::text[])`,
  )
}

/**
 * Marks records of one connection for another decision, in key order, from the one after `after`. Returns the last of
 * them, or null when there are no more.
 */
export async function markRangeDirty(
  trx: Kysely<Tables>,
  connectionId: string,
  after: { readonly objectType: string; readonly recordId: string },
  limit: number,
): Promise<{ readonly objectType: string; readonly recordId: string } | null> {
  // As `markRows`, and by the range itself: joined to a list of its keys, Postgres would read the whole table each time.
  const { rows } = await sql<{ object_type: string; record_id: string; n: number }>`
    with locked as materialized (
      select object_type, record_id, dirty_since from record
      where connection_id = ${connectionId} and (object_type, record_id) > (${after.objectType}, ${after.recordId})
      order by object_type, record_id limit ${limit}
      for update
    ), marked as (
      update record r set dirty_since = clock_timestamp()
      from locked l
      where r.connection_id = ${connectionId} and r.object_type = l.object_type and r.record_id = l.record_id
        and l.dirty_since is null
    )
    select object_type, record_id, (select count(*)::int from locked) as n from locked
    order by object_type desc, record_id desc limit 1`.execute(trx)
  const [last] = rows
  return last === undefined || last.n < limit ? null : { objectType: last.object_type, recordId: last.record_id }
}

/** Records whose grace or window ends by now are decided again. */
export async function markRechecksDirty(db: Kysely<Tables>, limit: number): Promise<number> {
  const result = await sql`
    update record r set dirty_since = clock_timestamp(), recheck_at = null
    from (select connection_id, object_type, record_id from record
          where recheck_at <= now() order by recheck_at limit ${limit} for update skip locked) d
    where r.connection_id = d.connection_id and r.object_type = d.object_type and r.record_id = d.record_id`.execute(db)
  return Number(result.numAffectedRows ?? 0)
}

export type ToRead = {
  readonly objectType: string
  readonly recordId: string
  readonly why: string
  readonly attempts: number
  /** The CRM's time of the newest thing that made us ask; 0 when it was not the CRM that did. */
  readonly askedByMs: number
  /** The CRM's time of the newest sign of life: a deletion that is found out must be later. */
  readonly livedAtMs: number
}

/** Marks in `stamps` that a fold keeps of events which say that something happened, without saying what. */
const QUESTIONS = ['@gap', '@associated', '@merged', '@restored', '@seen', '@deleted']
const SIGNS_OF_LIFE = ['@live', '@complete', '@seen']

/** How long who took records to read may take before another may: over every deadline of a CRM call. */
const READ_LEASE_S = 120

const NOT_BEFORE = sql`coalesce(r.read_after, '-infinity'::timestamptz)`

/**
 * Takes records that the CRM has to be asked about, all of the object that waits longest, so that one call answers
 * them. Nobody else gets them until the lease is over.
 */
export async function takeRecordsToRead(
  db: Kysely<Tables>,
  connectionId: ConnectionId,
  objectTypes: readonly string[],
  limit: number,
): Promise<ToRead[]> {
  const { rows } = await sql<{
    object_type: string
    record_id: string
    needs_read: string
    read_attempts: number
    asked_by_ms: number | null
    lived_at_ms: number | null
  }>`
    with oldest as materialized (
      select o.object_type
      from unnest(${objectTypes}::text[]) as o(object_type)
      cross join lateral (
        select ${NOT_BEFORE} as due from record r
        where r.connection_id = ${connectionId} and r.object_type = o.object_type and r.needs_read is not null
          and ${NOT_BEFORE} <= now()
        order by ${NOT_BEFORE} limit 1
      ) d
      order by d.due limit 1
    ), taken as materialized (
      select r.object_type, r.record_id from record r
      where r.connection_id = ${connectionId} and r.object_type = (select object_type from oldest)
        and r.needs_read is not null and ${NOT_BEFORE} <= now()
      order by ${NOT_BEFORE} limit ${limit}
      for update of r skip locked
    )
    update record r set read_after = clock_timestamp() + ${READ_LEASE_S} * interval '1 second'
    from taken t
    where r.connection_id = ${connectionId} and r.object_type = t.object_type and r.record_id = t.record_id
    returning r.object_type, r.record_id, r.needs_read, r.read_attempts,
      (select max((r.stamps->mark->>'atMs')::bigint) from unnest(${QUESTIONS}::text[]) as mark) as asked_by_ms,
      (select max((r.stamps->mark->>'atMs')::bigint) from unnest(${SIGNS_OF_LIFE}::text[]) as mark) as lived_at_ms`.execute(
    db,
  )
  return rows.map((r) => ({
    objectType: r.object_type,
    recordId: r.record_id,
    why: r.needs_read,
    attempts: r.read_attempts,
    askedByMs: r.asked_by_ms ?? 0,
    livedAtMs: r.lived_at_ms ?? 0,
  }))
}

/**
 * When to ask about these again, if no answer was folded by then: the CRM did not find them just now
 * (contracts, trap 15), would not say, or was not reached, which is no attempt.
 */
export async function postponeReads(
  db: Kysely<Tables>,
  connectionId: ConnectionId,
  reads: readonly {
    readonly objectType: string
    readonly recordId: string
    readonly delayS: number
    readonly attempted: boolean
  }[],
): Promise<void> {
  if (reads.length === 0) return
  await sql`
    with waiting as materialized (
      select r.object_type, r.record_id, w.delay_s, w.attempted
      from unnest(${reads.map((r) => r.objectType)}::text[], ${reads.map((r) => r.recordId)}::text[],
                  ${reads.map((r) => r.delayS)}::float8[], ${reads.map((r) => r.attempted)}::boolean[])
        as w(object_type, record_id, delay_s, attempted)
      join record r on r.connection_id = ${connectionId} and r.object_type = w.object_type and r.record_id = w.record_id
      order by r.object_type, r.record_id
      for update of r
    )
    update record r set read_attempts = least(r.read_attempts + case when w.attempted then 1 else 0 end, 1000),
      read_after = clock_timestamp() + w.delay_s * interval '1 second'
    from waiting w
    where r.connection_id = ${connectionId} and r.object_type = w.object_type and r.record_id = w.record_id
      and r.needs_read is not null`.execute(db)
}

/** Asks for a fresh look at these records: before a task is believed to be done, or before an owner is written. */
export async function requestRead(
  db: Kysely<Tables>,
  refs: readonly { readonly connectionId: string; readonly objectType: string; readonly recordId: string }[],
  why: string,
): Promise<void> {
  if (refs.length === 0) return
  await sql`
    with asked as materialized (
      select r.connection_id, r.object_type, r.record_id
      from unnest(${refs.map((r) => r.connectionId)}::text[], ${refs.map((r) => r.objectType)}::text[],
                  ${refs.map((r) => r.recordId)}::text[]) as w(c, t, i)
      join record r on r.connection_id = w.c and r.object_type = w.t and r.record_id = w.i and not r.deleted
      order by r.connection_id, r.object_type, r.record_id
      for update of r
    )
    update record r set needs_read = ${why}, read_after = clock_timestamp()
    from asked a
    where r.connection_id = a.connection_id and r.object_type = a.object_type and r.record_id = a.record_id`.execute(db)
}

/** These are decided again, whatever happened to them. */
export async function markDirty(
  db: Kysely<Tables>,
  refs: readonly { readonly connectionId: string; readonly objectType: string; readonly recordId: string }[],
): Promise<void> {
  if (refs.length === 0) return
  await markRows(
    db,
    sql`select distinct * from unnest(${refs.map((r) => r.connectionId)}::text[], ${refs.map((r) => r.objectType)}::text[],
      ${refs.map((r) => r.recordId)}::text[]) as w(connection_id, object_type, record_id)`,
  )
}
