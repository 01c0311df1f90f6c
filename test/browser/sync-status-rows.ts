import { sql } from 'kysely'
import type { Database } from '../../src/store/database/database.ts'

const DAY_MS = 86_400_000

/**
 * The sync status of a connection after two weeks: counted changes, days in sync and two days out of sync. Needs the
 * rows of `seedConsole`. Deterministic for one `now`.
 */
export async function seedSyncStatus(db: Database, connectionId: string, objects: readonly string[], now: Date) {
  const day = (ago: number) => new Date(+now - ago * DAY_MS).toISOString().slice(0, 10)
  const tally = (object: string, source: string, state: string, reason: string, n: number, ago: number) =>
    sql`insert into event_tally (connection_id, day, object_type, source, state, reason, n)
      values (${connectionId}, ${day(ago)}::date, ${object}, ${source}, ${state}, ${reason}, ${n})`.execute(db)
  const last = await sql<{ id: number }>`select coalesce(max(id), 0) as id from change_event`.execute(db)
  await sql`insert into event_tally_cursor (connection_id, after_id) values (${connectionId}, ${last.rows[0]!.id})
    on conflict (connection_id) do update set after_id = excluded.after_id`.execute(db)
  for (const [i, object] of objects.entries()) {
    const size = 900 >> i
    for (let ago = 0; ago < 8; ago += 1) {
      await tally(object, 'webhook', 'applied', '', size, ago)
      await tally(object, 'webhook', 'skipped', 'no-change', 40, ago)
      await tally(object, 'webhook', 'skipped', 'own-write', 7, ago)
      await tally(object, 'poll', 'skipped', 'superseded', 3, ago)
    }
    await sql`insert into comparison_object (connection_id, object_type, crm_stated, crm_count, our_count, compared_at, full_at)
      values (${connectionId}, ${object}, ${size * 6}, ${size * 6}, ${size * 6 - (i === 0 ? 1 : 0)},
              ${new Date(+now - 25 * 60_000)}, ${new Date(+now - 11 * 3_600_000)})`.execute(db)
    for (let ago = 0; ago < 14; ago += 1) {
      if (ago % 6 === 5) continue
      const out = i === 0 && ago === 3 ? 2 : i === 1 && ago === 1 ? 1 : 0
      await sql`insert into comparison_day (connection_id, object_type, run, day, crm_count, our_count, crm_digest, our_digest)
        values (${connectionId}, ${object}, 0, ${day(ago)}::date, ${size}, ${size - (i === 0 && out > 0 ? 1 : 0)}, 7,
                ${out > 0 ? 8 : 7})`.execute(db)
    }
  }
  await tally(objects[0]!, 'webhook', 'failed', '', 2, 2)
  await sql`insert into counter (connection_id, day, name, detail, n) values
    (${connectionId}, ${day(1)}::date, 'events-duplicate', ${objects[0]!}, 31),
    (${connectionId}, ${day(2)}::date, 'events-duplicate', '', 4),
    (${connectionId}, ${day(1)}::date, 'poll-recovered', ${objects[0]!}, 14)`.execute(db)
  const since = new Date(+now - 25 * 60_000)
  await sql`insert into difference (connection_id, object_type, record_id, day, why, run, is_pending, differs_since) values
    (${connectionId}, ${objects[0]!}, '50017', ${day(3)}::date, 'different', 0, false, ${since}),
    (${connectionId}, ${objects[0]!}, '50442', ${day(3)}::date, 'missing', 0, false, ${since}),
    (${connectionId}, ${objects[1]!}, '50108', ${day(1)}::date, 'extra', 0, false, ${since})`.execute(db)
  await sql`insert into comparison (connection_id, last_full_at, last_recent_at)
    values (${connectionId}, ${new Date(+now - 11 * 3_600_000)}, ${since})`.execute(db)
}
