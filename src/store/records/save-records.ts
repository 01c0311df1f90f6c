import { type Kysely, sql } from 'kysely'
import type { FieldText } from '../../model/record/change-event.ts'
import type { CrmRecord } from '../../model/record/crm-record.ts'
import { taskClosedAtMs } from '../../model/record/task-closed.ts'
import type { Tables } from '../database/tables.ts'

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
  /** It changed in the CRM; false: at most we know more of it than before. */
  readonly touched: boolean
}

/** The first time, after which the CRM's replica has caught up and its delete log has the minute; and the longest pause. */
const FIRST_LOOK_S = 60
const LAST_LOOK_S = 21_600

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
    u: w.touched,
    g: w.record.isUnseen ?? false,
    z: taskClosedAtMs(w.record),
  }))
  await sql`
    with w as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        as x(c text, t text, r text, v jsonb, s jsonb, h jsonb, o text, a text, k text[], l text[], d boolean, m text, n text, q boolean, y boolean, u boolean, g boolean, z bigint)
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
       merged_into, task_closed_at_ms, needs_read, read_after, dirty_since, touched_at, unseen_since, unseen_look_at)
    select c, t, r, v, s, h, o, a, k, d, m, z, n, case when n is not null then clock_timestamp() end,
      case when y then clock_timestamp() end, case when u then clock_timestamp() end,
      case when g then clock_timestamp() end,
      case when g then clock_timestamp() + ${FIRST_LOOK_S} * interval '1 second' end
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
      touched_at = coalesce(r.touched_at, excluded.touched_at),
      unseen_since = case when excluded.unseen_since is not null then coalesce(r.unseen_since, excluded.unseen_since) end,
      -- after as long as it has been unseen, so that one that stays unseen costs less and less
      unseen_look_at = case when excluded.unseen_since is not null then clock_timestamp() + least(
        greatest(clock_timestamp() - coalesce(r.unseen_since, clock_timestamp()), ${FIRST_LOOK_S} * interval '1 second'),
        ${LAST_LOOK_S} * interval '1 second') end,
      version = r.version + 1,
      updated_at = clock_timestamp()`.execute(trx)
}
