import { type Kysely, sql } from 'kysely'
import { count } from '../database/counters.ts'
import type { Database } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import { inTransaction } from '../database/transaction.ts'

/**
 * What the poll found. `isGone`: deleted, or merged into `survivorId`. `modifiedAtMs` is the CRM's time of the change,
 * `fields` the values it showed.
 */
export type FoundChange = {
  readonly objectType: string
  readonly recordId: string
  readonly survivorId: string | null
  readonly modifiedAtMs: number
  readonly dedupeKey: string
  readonly isGone: boolean
  readonly fields: Readonly<Record<string, string | null>>
}

/** A CRM stamps the record and sends the event in separate steps of one write, and some CRMs keep whole seconds. */
const SAME_WRITE_MS = 2_000

/**
 * Notes which of these changes are news that nobody told us: the poll saw them for the first time, they change what we
 * hold, and no webhook or stream event speaks of the record at that time or still waits to be applied. A record of which
 * we already know that it has to be read was told of. What we wrote ourselves is no news either.
 *
 * Called before the changes are stored, in the same transaction: afterwards they would be what we hold. A lost change
 * that is followed by a told one of the same record within one round of the poll is not seen here; its value still is
 * found.
 */
export async function noteMissedChanges(
  trx: Kysely<Tables>,
  connectionId: string,
  found: readonly FoundChange[],
  ignoredFields: readonly string[],
): Promise<void> {
  if (found.length === 0) return
  const rows = found.map((change) => ({
    t: change.objectType,
    r: change.recordId,
    s: change.survivorId,
    m: change.modifiedAtMs,
    k: change.dedupeKey,
    g: change.isGone,
    f: change.fields,
  }))
  await sql`
    insert into missed_change (connection_id, object_type, record_id, modified_at_ms)
    select ${connectionId}, f.t, f.r, f.m
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as f(t text, r text, s text, m bigint, k text, g boolean, f jsonb)
    left join record r on r.connection_id = ${connectionId} and r.object_type = f.t and r.record_id = f.r
    where not exists (
        select 1 from change_event e where e.connection_id = ${connectionId} and e.dedupe_key = f.k)
      and r.needs_read is null
      and case
        when f.g then r.record_id is not null and not r.deleted and r.merged_into is null
        else r.record_id is null or r.deleted or r.merged_into is not null or exists (
          select 1 from jsonb_each_text(f.f) as shown(field, value)
          where not (shown.field = any(${ignoredFields}::text[])) and r.stamps ? shown.field
            and shown.value is distinct from r.values->>shown.field
            and not exists (
              select 1 from written_value w where w.connection_id = ${connectionId} and w.object_type = f.t
                and w.record_id = f.r and w.field = shown.field and w.value is not distinct from shown.value))
      end
      and not exists (
        select 1 from change_event e
        where e.connection_id = ${connectionId} and e.object_type = f.t and e.record_id in (f.r, f.s)
          and e.source in ('webhook', 'stream')
          and (e.state = 'received' or e.occurred_at_ms >= f.m - ${SAME_WRITE_MS}))
    on conflict do nothing`.execute(trx)
}

/** Whether the poll came to its end once since the baseline, or since the whole was to be read again. */
export async function wasPolled(db: Kysely<Tables>, connectionId: string): Promise<boolean> {
  const { rows } = await sql<{ was: boolean }>`
    select polled_at is not null as was from connection where id = ${connectionId}`.execute(db)
  return rows[0]?.was ?? false
}

/** A spell of missed events: how many changes, and the CRM's times of the first and the last of them. */
export type MissedSpell = { readonly n: number; readonly firstMs: number; readonly lastMs: number }

export type MissedChangesResolved =
  | { readonly outcome: 'missed'; readonly spell: MissedSpell }
  | { readonly outcome: 'over'; readonly spell: MissedSpell }
  | null

/** The rest goes with the next polls: an outage in a mass change may leave any number. */
const RESOLVED_AT_ONCE = 10_000

/**
 * Decides about what was noted longer ago than `graceS` by our own clock: told late is forgotten, the rest is counted as
 * recovered, per object. `missed`: the spell as it now stands. `over`: nothing was missed for `quietS`.
 */
export async function resolveMissedChanges(
  db: Database,
  connectionId: string,
  { graceS, quietS }: { readonly graceS: number; readonly quietS: number },
): Promise<MissedChangesResolved> {
  return inTransaction(db, async (trx) => {
    const { rows: missed } = await sql<{ object_type: string; n: number; first_ms: number; last_ms: number }>`
      with due as (
        delete from missed_change u where ctid = any(array(
          select ctid from missed_change
          where connection_id = ${connectionId} and found_at <= clock_timestamp() - ${graceS} * interval '1 second'
          limit ${RESOLVED_AT_ONCE} for update))
        returning u.*
      )
      select object_type, count(*) as n, min(modified_at_ms) as first_ms, max(modified_at_ms) as last_ms
      from due u
      where not exists (
        select 1 from change_event e
        where e.connection_id = ${connectionId} and e.object_type = u.object_type and e.record_id = u.record_id
          and e.source in ('webhook', 'stream')
          and (e.occurred_at_ms >= u.modified_at_ms - ${SAME_WRITE_MS} or e.received_at >= u.found_at))
      group by object_type order by object_type`.execute(trx)
    for (const row of missed) await count(trx, RECOVERED, row.n, { connectionId, detail: row.object_type })
    if (missed.length > 0) {
      const n = missed.reduce((sum, row) => sum + row.n, 0)
      const { rows } = await sql<{ n: number; first_change_ms: number; last_change_ms: number }>`
        insert into missed_events as m (connection_id, n, first_change_ms, last_change_ms, found_at)
        values (${connectionId}, ${n}, ${Math.min(...missed.map((row) => row.first_ms))},
                ${Math.max(...missed.map((row) => row.last_ms))}, clock_timestamp())
        on conflict (connection_id) do update set n = m.n + excluded.n, found_at = excluded.found_at,
          first_change_ms = least(m.first_change_ms, excluded.first_change_ms),
          last_change_ms = greatest(m.last_change_ms, excluded.last_change_ms)
        returning n, first_change_ms, last_change_ms`.execute(trx)
      return { outcome: 'missed', spell: spellOf(rows[0]!) }
    }
    const { rows } = await sql<{ n: number; first_change_ms: number; last_change_ms: number }>`
      delete from missed_events where connection_id = ${connectionId}
        and found_at <= clock_timestamp() - ${quietS} * interval '1 second'
        and not exists (select 1 from missed_change u where u.connection_id = ${connectionId})
      returning n, first_change_ms, last_change_ms`.execute(trx)
    return rows[0] ? { outcome: 'over', spell: spellOf(rows[0]) } : null
  })
}

/** Counter of changes that reading the CRM found although a webhook or the stream should have told; `detail`: the object. */
export const RECOVERED = 'poll-recovered'

function spellOf(row: { n: number; first_change_ms: number; last_change_ms: number }): MissedSpell {
  return { n: row.n, firstMs: row.first_change_ms, lastMs: row.last_change_ms }
}
