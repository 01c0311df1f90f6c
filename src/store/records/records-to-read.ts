import { type Kysely, sql } from 'kysely'
import type { ConnectionId } from '../../model/record/change-event.ts'
import type { Tables } from '../database/tables.ts'

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
const QUESTIONS = ['@gap', '@associated', '@merged', '@restored', '@seen', '@deleted', '@unseen']
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
