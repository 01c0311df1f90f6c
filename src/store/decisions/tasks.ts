import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

export type TaskForCause = {
  readonly connectionId: string
  readonly workflow: string
  readonly cause: string
  readonly ownerEmail: string
  /** The record that it hangs on in the CRM; null: none. */
  readonly objectType: string | null
  readonly recordId: string | null
  readonly dueAtMs: number
}

/**
 * The open task of each cause, made where there is none. The unique index on open tasks is the guarantee: two workers
 * that decide the same cause at once end up with one task. Returns the task and whose it is per `workflow\ncause`. In
 * the order of the index, so that two that want the same tasks wait for each other and do not lock up; the first to want
 * a task gives it its owner.
 */
export async function ensureTasks(
  trx: Kysely<Tables>,
  wanted: readonly TaskForCause[],
): Promise<Map<string, { readonly id: number; readonly ownerEmail: string }>> {
  const tasks = new Map<string, { id: number; ownerEmail: string }>()
  if (wanted.length === 0) return tasks
  const byCause = new Map<string, TaskForCause>()
  for (const task of wanted) {
    const key = `${task.workflow}\n${task.cause}`
    const first = byCause.get(key)
    byCause.set(key, first ? { ...first, dueAtMs: Math.min(first.dueAtMs, task.dueAtMs) } : task)
  }
  const unique = [...byCause].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, task]) => task)
  const { rows } = await sql<{ id: number; workflow: string; cause: string; owner_email: string }>`
    insert into task (connection_id, workflow, cause, key, owner_email, object_type, record_id, due_at)
    select c, w, ca, 'lk-' || replace(gen_random_uuid()::text, '-', ''), o, t, r, du
    from jsonb_to_recordset(${JSON.stringify(
      unique.map((u) => ({
        c: u.connectionId,
        w: u.workflow,
        ca: u.cause,
        o: u.ownerEmail,
        t: u.objectType,
        r: u.recordId,
        du: new Date(u.dueAtMs).toISOString(),
      })),
    )}::jsonb) as x(c text, w text, ca text, o text, t text, r text, du timestamptz)
    on conflict (connection_id, workflow, cause) where status = 'open'
      do update set due_at = least(task.due_at, excluded.due_at)
    returning id, workflow, cause, owner_email`.execute(trx)
  for (const row of rows) tasks.set(`${row.workflow}\n${row.cause}`, { id: row.id, ownerEmail: row.owner_email })
  return tasks
}

/**
 * Gives tasks to other owners, where they are still with the one they are taken from: of two decisions that replace the
 * same person at once, the first counts. Returns whose each task is then.
 */
export async function reassignTasks(
  trx: Kysely<Tables>,
  moves: readonly { readonly taskId: number; readonly from: string; readonly to: string }[],
): Promise<Map<number, string>> {
  if (moves.length === 0) return new Map()
  const { rows } = await sql<{ id: number; owner_email: string }>`
    select id, owner_email from task where id = any(${moves.map((m) => m.taskId)}::bigint[]) order by id for update`.execute(
    trx,
  )
  const owners = new Map(rows.map((row) => [row.id, row.owner_email]))
  const taken = moves.filter(({ taskId, from }) => owners.get(taskId) === from)
  await sql`update task t set owner_email = x.o, rests_until = null
    from unnest(${taken.map((m) => m.taskId)}::bigint[], ${taken.map((m) => m.to)}::text[]) as x(id, o)
    where t.id = x.id`.execute(trx)
  for (const { taskId, to } of taken) owners.set(taskId, to)
  return owners
}

/** For cases that were open before; a new one is written with its task. */
export async function linkExceptions(
  trx: Kysely<Tables>,
  links: readonly { readonly exceptionId: number; readonly taskId: number }[],
): Promise<void> {
  if (links.length === 0) return
  await sql`update exception e set task_id = x.t
    from unnest(${links.map((l) => l.exceptionId)}::bigint[], ${links.map((l) => l.taskId)}::bigint[]) as x(id, t)
    where e.id = x.id`.execute(trx)
}

/**
 * Closes those of the tasks that have no open exception left. Returns which. Locked by a statement of its own: whoever
 * adds a case holds the task until its commit, and only a statement that begins after that sees the case.
 */
export async function closeEmptyTasks(trx: Kysely<Tables>, taskIds: readonly number[]): Promise<number[]> {
  if (taskIds.length === 0) return []
  await sql`select id from task where id = any(${taskIds}::bigint[]) order by id for update`.execute(trx)
  const { rows } = await sql<{ id: number }>`
    update task t set status = 'done', closed_at = now(),
      closed_by = case when t.checking_since is null then 'lanekeeper' else 'person' end, checking_since = null, checking_after = null,
      rests_until = null
    where t.id = any(${taskIds}::bigint[]) and t.status = 'open'
      and not exists (select 1 from exception e where e.task_id = t.id and e.status = 'open')
    returning t.id`.execute(trx)
  return rows.map((row) => row.id)
}
