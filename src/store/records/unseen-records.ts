import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/** Why a record is read that the CRM did not show before: one more look is enough. */
export const UNSEEN_BEFORE = 'not-visible'

/**
 * Asks for records that the CRM did not show us and whose time for another look has come: nothing else tells that they are
 * shared with us again.
 */
export async function requestUnseen(trx: Kysely<Tables>, connectionId: string, limit: number): Promise<void> {
  await sql`
    with due as materialized (
      select object_type, record_id from record
      where connection_id = ${connectionId} and unseen_look_at <= clock_timestamp()
      order by unseen_look_at limit ${limit} for update skip locked
    )
    update record r set unseen_look_at = null, read_after = clock_timestamp(), read_attempts = 0,
      needs_read = coalesce(r.needs_read, ${UNSEEN_BEFORE})
    from due d
    where r.connection_id = ${connectionId} and r.object_type = d.object_type and r.record_id = d.record_id`.execute(
    trx,
  )
}

/** A statement with a row where the connection has a record to look for again. */
export const unseenDue = (connectionId: RawBuilder<unknown>) => sql`
  select 1 from record r where r.connection_id = ${connectionId} and r.unseen_look_at <= now() limit 1`

export type UnseenRecords = {
  /** All that the CRM does not show of this object. */
  readonly count: number
  /** Those of them that it has not shown for longer than these days. */
  readonly overdue: number
  /** When the next one has been unseen for that long; null: none is younger. */
  readonly nextAt: Date | null
}

/** Counted up to this many, so that a count never reads a whole table. */
const COUNTED_MAX = 100_000

export async function unseenRecords(
  db: Kysely<Tables>,
  connectionId: string,
  objectType: string,
  overdueAfterDays: number,
): Promise<UnseenRecords> {
  const { rows } = await sql<UnseenRecords>`
    select count(*)::int as count, count(*) filter (where due_at <= clock_timestamp())::int as overdue,
      min(due_at) filter (where due_at > clock_timestamp()) as "nextAt"
    from (
      select unseen_since + ${overdueAfterDays} * interval '1 day' as due_at from record
      where connection_id = ${connectionId} and object_type = ${objectType} and unseen_since is not null
      order by unseen_since limit ${COUNTED_MAX}
    ) r`.execute(db)
  return rows[0]!
}

/** The first of them by time. */
export async function oldestUnseen(
  db: Kysely<Tables>,
  connectionId: string,
  objectType: string,
  limit: number,
): Promise<{ readonly objectType: string; readonly recordId: string; readonly since: Date }[]> {
  const { rows } = await sql<{ objectType: string; recordId: string; since: Date }>`
    select object_type as "objectType", record_id as "recordId", unseen_since as since
    from record
    where connection_id = ${connectionId} and object_type = ${objectType} and unseen_since is not null
    order by unseen_since, record_id limit ${limit}`.execute(db)
  return rows
}
