import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

/** Counts something that is a row nowhere else, per connection and day: refused webhooks, duplicates, unknown portals. */
export async function count(
  db: Kysely<Tables>,
  name: string,
  n: number,
  where: { readonly connectionId?: string; readonly detail?: string } = {},
): Promise<void> {
  if (n === 0) return
  await sql`
    insert into counter (connection_id, name, detail, n) values (${where.connectionId ?? ''}, ${name}, ${where.detail ?? ''}, ${n})
    on conflict (connection_id, day, name, detail) do update set n = counter.n + excluded.n, last_at = now()`.execute(
    db,
  )
}

/** A process that has given no sign of life for this long is dead, and its leases are over. Workers beat every 2 s. */
export const DEAD_AFTER_S = 8

/** A sign of life of one process role; `/readyz` and the console read it. */
export async function beat(
  db: Kysely<Tables>,
  role: string,
  instance: string,
  detail: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await sql`
    insert into process_beat (role, instance, detail) values (${role}, ${instance}, ${JSON.stringify(detail)}::jsonb)
    on conflict (role, instance) do update set beat_at = now(), detail = excluded.detail`.execute(db)
}
