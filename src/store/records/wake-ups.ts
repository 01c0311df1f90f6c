import { type Kysely, sql } from 'kysely'
import type { ConnectionId } from '../../model/record/change-event.ts'
import type { Database } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import { inTransaction } from '../database/transaction.ts'
import { markDirty } from './mark-dirty.ts'

type Ref = { readonly objectType: string; readonly recordId: string }

/** When a workflow decides a record again although nothing happens to it, and why. Without a workflow: all of them. */
export type WakeUpRow = Ref & { readonly workflow: string; readonly reason: string; readonly atMs: number }

/**
 * Notes when the decided records are decided again, in place of what was noted before. What a workflow in `stands` had noted
 * stays, because it decided nothing. Nearly always nothing changed, and then no row is written.
 */
export async function saveWakeUps(
  trx: Kysely<Tables>,
  connectionId: ConnectionId,
  decided: readonly Ref[],
  wakeUps: readonly WakeUpRow[],
  stands: readonly string[],
): Promise<void> {
  const rows = JSON.stringify(
    wakeUps.map(({ objectType: t, recordId: r, workflow: w, reason: y, atMs }) => ({ t, r, w, y, a: new Date(atMs) })),
  )
  if (decided.length > 0) {
    await sql`
      delete from wake_up u
      using unnest(${decided.map((d) => d.objectType)}::text[], ${decided.map((d) => d.recordId)}::text[]) as d(t, r)
      where u.connection_id = ${connectionId} and u.object_type = d.t and u.record_id = d.r
        and not (u.workflow = any(${stands}::text[]))
        and (d.t, d.r, u.workflow, u.reason) not in (
          select x.t, x.r, x.w, x.y from jsonb_to_recordset(${rows}::jsonb) as x(t text, r text, w text, y text))`.execute(
      trx,
    )
  }
  if (wakeUps.length === 0) return
  await sql`
    insert into wake_up as u (connection_id, object_type, record_id, workflow, reason, at)
    select ${connectionId}, t, r, w, y, a
    from jsonb_to_recordset(${rows}::jsonb) as x(t text, r text, w text, y text, a timestamptz)
    order by t, r, w, y
    on conflict (connection_id, object_type, record_id, workflow, reason) do update set at = excluded.at
      where u.at <> excluded.at`.execute(trx)
}

/** Marks records whose time has come for another decision, those that are due the longest first. Returns how many wakes. */
export async function markWakeUpsDue(db: Database, limit: number): Promise<number> {
  return inTransaction(db, async (trx) => {
    const { rows: due } = await sql<Ref & { connectionId: string; workflow: string; reason: string }>`
      select connection_id as "connectionId", object_type as "objectType", record_id as "recordId", workflow, reason
      from wake_up where at <= clock_timestamp() order by at limit ${limit}`.execute(trx)
    if (due.length === 0) return 0
    // The records first, as a decision holds one before its wake-ups.
    await markDirty(trx, due)
    const rows = due.map(({ connectionId: c, objectType: t, recordId: r, workflow: w, reason: y }) => ({
      c,
      t,
      r,
      w,
      y,
    }))
    // What was noted for later meanwhile stays.
    await sql`
      delete from wake_up u using jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(c text, t text, r text, w text, y text)
      where u.connection_id = x.c and u.object_type = x.t and u.record_id = x.r and u.workflow = x.w and u.reason = x.y
        and u.at <= clock_timestamp()`.execute(trx)
    return due.length
  })
}

/** When this workflow looks at the record again by itself, the earliest first. */
export async function wakeUpsOfRecord(
  db: Kysely<Tables>,
  { connectionId, objectType, recordId, workflow }: Ref & { readonly connectionId: string; readonly workflow: string },
): Promise<{ readonly at: Date; readonly reason: string }[]> {
  const { rows } = await sql<{ at: Date; reason: string }>`
    select at, reason from wake_up
    where connection_id = ${connectionId} and object_type = ${objectType} and record_id = ${recordId}
      and workflow in ('', ${workflow}) order by at, reason`.execute(db)
  return rows
}
