import { type Kysely, sql } from 'kysely'
import type { ConnectionId } from '../../model/record/change-event.ts'
import type { Tables } from '../database/tables.ts'
import { EVENT_COLUMNS, type EventRow, type StoredEvent, toStored } from './change-events.ts'

/** An event that could not be folded three times. It stays as it came until a person has it replayed. */
export type FailedEvent = {
  readonly id: number
  readonly connectionId: string
  readonly objectType: string
  readonly recordId: string
  readonly kind: string
  readonly source: string
  readonly reason: string | null
  readonly attempts: number
  readonly receivedAt: Date
}

/** Failed events whose time has come to be tried again, locked until the transaction ends. */
export async function takeRetries(
  trx: Kysely<Tables>,
  connectionId: ConnectionId,
  limit: number,
): Promise<StoredEvent[]> {
  const { rows } = await sql<EventRow>`
    select ${EVENT_COLUMNS} from change_event
    where connection_id = ${connectionId} and state = 'failed' and retry_at <= clock_timestamp()
    order by retry_at, id
    limit ${limit}
    for update skip locked`.execute(trx)
  return rows.map(toStored)
}

/** Counts those under what became of them that were counted as failed before. In the transaction that recorded it. */
export async function moveTallies(trx: Kysely<Tables>, connectionId: string, ids: readonly number[]): Promise<void> {
  // Locked, so that no event is counted for the first time meanwhile.
  const { rows } = await sql<{ afterId: number }>`
    select after_id as "afterId" from event_tally_cursor where connection_id = ${connectionId} for update`.execute(trx)
  if (!rows[0]) return
  await sql`
    with moved as materialized (
      select (received_at at time zone 'UTC')::date as day, object_type, source, state,
        case when state = 'skipped' then coalesce(skip_reason, '') else '' end as reason, count(*) as n
      from change_event where id = any(${ids}::bigint[]) and id <= ${rows[0].afterId} and state <> 'failed'
      group by 1, 2, 3, 4, 5
    ), added as (
      insert into event_tally as t (connection_id, day, object_type, source, state, reason, n)
      select ${connectionId}, day, object_type, source, state, reason, n from moved
      on conflict (connection_id, day, object_type, source, state, reason) do update set n = t.n + excluded.n
    )
    update event_tally t set n = t.n - m.n
    from (select day, object_type, source, sum(n) as n from moved group by 1, 2, 3) m
    where t.connection_id = ${connectionId} and t.state = 'failed' and t.day = m.day and t.object_type = m.object_type
      and t.source = m.source`.execute(trx)
}

/** The quarantine, newest first, and how many are in it. */
export async function listQuarantined(
  db: Kysely<Tables>,
  {
    connectionId,
    beforeId,
    limit,
  }: { connectionId?: string | undefined; beforeId?: number | undefined; limit: number },
): Promise<{ readonly total: number; readonly events: FailedEvent[] }> {
  const ofConnection = sql`state = 'failed' and retry_at is null
    and (${connectionId ?? null}::text is null or connection_id = ${connectionId ?? null})`
  const [counted, { rows: events }] = await Promise.all([
    sql<{ n: number }>`select count(*)::int as n from change_event where ${ofConnection}`.execute(db),
    sql<FailedEvent>`
      select id, connection_id as "connectionId", object_type as "objectType", record_id as "recordId", kind, source,
        skip_reason as reason, attempts, received_at as "receivedAt"
      from change_event where ${ofConnection} and (${beforeId ?? null}::bigint is null or id < ${beforeId ?? null})
      order by id desc limit ${limit}`.execute(db),
  ])
  return { total: counted.rows[0]!.n, events }
}

/** Lets quarantined events be tried again, three times as at first. Without ids all of them. Returns how many. */
export async function replayQuarantined(
  db: Kysely<Tables>,
  { connectionId, ids }: { readonly connectionId?: string | undefined; readonly ids?: readonly number[] | undefined },
): Promise<number> {
  const { numAffectedRows } = await sql`
    update change_event set attempts = 0, retry_at = clock_timestamp()
    where state = 'failed' and retry_at is null
      and (${connectionId ?? null}::text is null or connection_id = ${connectionId ?? null})
      and (${ids === undefined} or id = any(${ids ?? []}::bigint[]))`.execute(db)
  return Number(numAffectedRows ?? 0)
}
