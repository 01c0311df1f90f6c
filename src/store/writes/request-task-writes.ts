import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

export type TaskToWrite = {
  readonly taskId: number
  /** Empty: a task that hangs on no workflow, see `job_task`. */
  readonly workflow: string
  readonly policyHash: string
  /** The upgrade that alone wants it: its report comes first. */
  readonly upgradeId?: number | null
}

/**
 * Tasks that should be looked at again by act. At most one waits per task, because the content is read when it is
 * written, not when it is asked for. So one that waits for the report of an upgrade waits with all that is asked for later,
 * and an upgrade makes wait what was asked for before. The upgrade is held until the commit: its report is not made in
 * between, which would let go everything but this.
 */
export async function requestTaskWrites(
  trx: Kysely<Tables>,
  connectionId: string,
  tasks: readonly TaskToWrite[],
): Promise<void> {
  if (tasks.length === 0) return
  const unique = [...new Map(tasks.map((t) => [t.taskId, t])).values()]
  const upgradeIds = [...new Set(unique.flatMap(({ upgradeId }) => upgradeId ?? []))]
  await sql`
    with waits as materialized (
      select id, limit_at from upgrade where id = any(${upgradeIds}::int[]) and finished_at is null for share
    )
    insert into intent as i (connection_id, workflow, kind, task_id, payload, policy_hash, upgrade_id, next_attempt_at)
    select ${connectionId}, w, case w when '' then 'job' else 'task' end, t, '{}'::jsonb, h, u.id, coalesce(u.limit_at, now())
    from unnest(${unique.map((t) => t.taskId)}::bigint[], ${unique.map((t) => t.workflow)}::text[],
                ${unique.map((t) => t.policyHash)}::text[], ${unique.map((t) => t.upgradeId ?? null)}::int[]) as x(t, w, h, g)
    left join waits u on u.id = x.g
    on conflict (task_id) where kind in ('task', 'job') and state = 'pending'
      do update set upgrade_id = excluded.upgrade_id, next_attempt_at = excluded.next_attempt_at
      where excluded.upgrade_id is not null`.execute(trx)
}
