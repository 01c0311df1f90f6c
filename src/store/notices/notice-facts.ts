import { type Kysely, sql } from 'kysely'
import { objectsAbout } from '../../model/record/object-shape.ts'
import type { Tables } from '../database/tables.ts'

/** Writes of a connection that wait for their turn or for the CRM. */
export async function waitingWrites(db: Kysely<Tables>, connectionId: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from intent where connection_id = ${connectionId}
      and state in ('pending', 'sending', 'unknown')`.execute(db)
  return rows[0]!.n
}

/** How many writes of the connection are still without an answer. */
export async function unansweredWrites(db: Kysely<Tables>, connectionId: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from intent where connection_id = ${connectionId} and state in ('unknown', 'sending')`.execute(
    db,
  )
  return rows[0]!.n
}

/** Open notices of these codes whose connection was polled to the end since they happened last. */
export async function noticesReadAgain(
  db: Kysely<Tables>,
  codes: readonly string[],
): Promise<{ readonly connectionId: string; readonly code: string; readonly subject: string; readonly at: Date }[]> {
  const { rows } = await sql<{ connectionId: string; code: string; subject: string; at: Date }>`
    select n.connection_id as "connectionId", n.code, n.subject, c.polled_at as at
    from notice n join connection c on c.id = n.connection_id
    where n.ended_at is null and n.code = any(${codes}::text[]) and c.polled_at > n.last_at`.execute(db)
  return rows
}

export type TodaysCount = { readonly connectionId: string; readonly name: string; readonly n: number }

/** Events that came twice and deliveries that were refused for their time or size, of today, per connection. */
export async function deliveriesOfToday(db: Kysely<Tables>): Promise<TodaysCount[]> {
  const { rows } = await sql<TodaysCount>`
    select connection_id as "connectionId", case name when 'webhook-refused' then name || '/' || detail else name end as name,
      sum(n)::int as n
    from counter
    where day = current_date
      and (name = 'events-duplicate' or (name = 'webhook-refused' and detail in ('stale', 'too-large')))
    group by 1, 2`.execute(db)
  return rows
}

/** The last sign of life of any worker but this one, and now, both on the database's clock. */
export async function lastBeatBefore(
  db: Kysely<Tables>,
  instance: string,
): Promise<{ readonly beatAt: Date | null; readonly now: Date }> {
  const { rows } = await sql<{ beatAt: Date | null; now: Date }>`
    select max(beat_at) as "beatAt", clock_timestamp() as now from process_beat
    where role = 'worker' and instance <> ${instance}`.execute(db)
  return rows[0]!
}

/** How many live records each of these users owns; who owns none is absent. */
export async function recordsOwnedBy(
  db: Kysely<Tables>,
  connectionId: string,
  userIds: readonly string[],
): Promise<Map<string, number>> {
  if (userIds.length === 0) return new Map()
  const { rows } = await sql<{ owner: string; n: number }>`
    select owner_id as owner, count(*)::int as n from record
    where connection_id = ${connectionId} and owner_id = any(${userIds}::text[]) and not deleted and merged_into is null
      and object_type <> all(${objectsAbout('task')}::text[])
    group by 1`.execute(db)
  return new Map(rows.map((row) => [row.owner, row.n]))
}
