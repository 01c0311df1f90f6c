import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Crm } from '../../model/record/change-event.ts'
import type { Tables } from '../database/tables.ts'
import { MARKED_IDS, type MarkedBy } from './mark-queue.ts'

export type ToDecide = { readonly crm: Crm; readonly objectType: string; readonly n: number }

const MARKED = Object.keys(MARKED_IDS) as MarkedBy[]

/** The records that requests of one kind have still to mark. */
function toMark(markedBy: MarkedBy): RawBuilder<unknown> {
  const of = {
    connectionId: sql<string>`q.connection_id`,
    value: sql<string>`q.value`,
    objectType: sql<string>`q.object_type`,
  }
  return sql`select q.connection_id, q.object_type, m.record_id
    from mark_queue q cross join lateral (${MARKED_IDS[markedBy](of)}) m
    where q.marked_by = ${markedBy} and m.record_id > q.after_id`
}

/**
 * Records whose next decision is still to come, by CRM and object: those that changed since their last one, and those that
 * are yet to be marked because everything is decided again, or what an owner, an account or a reviewer has. While there are
 * many, every count of cases still changes.
 */
export async function recordsToDecide(
  db: Kysely<Tables>,
  leftOut: readonly { readonly id: string }[] = [],
): Promise<ToDecide[]> {
  const { rows } = await sql<ToDecide>`
    select c.crm, w.object_type as "objectType", sum(w.n)::int as n from (
      select connection_id, object_type, count(*) as n from record where dirty_since is not null group by 1, 2
      union all
      select r.connection_id, r.object_type, count(*) from redecide_queue q
      join record r on r.connection_id = q.connection_id
        and (r.object_type, r.record_id) > (q.object_type, q.record_id) and r.dirty_since is null
      group by 1, 2
      union all
      select r.connection_id, r.object_type, count(*) from (
        ${sql.join(MARKED.map(toMark), sql` union `)}
      ) q join record r on r.connection_id = q.connection_id and r.object_type = q.object_type
        and r.record_id = q.record_id and r.dirty_since is null
      where not exists (select 1 from redecide_queue a where a.connection_id = q.connection_id)
      group by 1, 2
    ) w join connection c on c.id = w.connection_id and c.status <> 'disconnected'
      and c.id <> all(${leftOut.map(({ id }) => id)}::text[])
    group by 1, 2`.execute(db)
  return rows
}

/** Without those of connections that are left out of what is asked. */
export async function countToDecide(
  db: Kysely<Tables>,
  leftOut: readonly { readonly id: string }[] = [],
): Promise<number> {
  return (await recordsToDecide(db, leftOut)).reduce((sum, { n }) => sum + n, 0)
}
