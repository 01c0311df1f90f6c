import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/** Tasks that were written and do not hang on their records yet. At most one link waits for each. */
export async function requestLinks(
  trx: Kysely<Tables>,
  connectionId: string,
  tasks: readonly { readonly taskId: number; readonly workflow: string; readonly policyHash: string }[],
): Promise<void> {
  if (tasks.length === 0) return
  await sql`
    insert into intent (connection_id, workflow, kind, task_id, payload, policy_hash)
    select ${connectionId}, w, 'link', t, '{}'::jsonb, h
    from unnest(${tasks.map((t) => t.taskId)}::bigint[], ${tasks.map((t) => t.workflow)}::text[],
                ${tasks.map((t) => t.policyHash)}::text[]) as x(t, w, h)
    on conflict (task_id) where kind = 'link' and state = 'pending' do nothing`.execute(trx)
}

/** A task that the CRM has beside the one of its case. */
export type ExtraTask = {
  readonly taskId: number
  readonly workflow: string
  readonly policyHash: string
  /** The one that stays. */
  readonly keptId: string
  readonly extraId: string
}

/** Closes each of them, once. Returns those that nobody had found before. */
export async function requestRepairs(
  trx: Kysely<Tables>,
  connectionId: string,
  extras: readonly ExtraTask[],
): Promise<ExtraTask[]> {
  if (extras.length === 0) return []
  const { rows } = await sql<{ crm_id: string }>`
    insert into intent (connection_id, workflow, kind, task_id, crm_id, payload, policy_hash)
    select ${connectionId}, w, 'repair', t, c, '{}'::jsonb, h
    from unnest(${extras.map((e) => e.taskId)}::bigint[], ${extras.map((e) => e.workflow)}::text[],
                ${extras.map((e) => e.extraId)}::text[], ${extras.map((e) => e.policyHash)}::text[]) as x(t, w, c, h)
    on conflict (connection_id, crm_id) where kind = 'repair' do nothing
    returning crm_id`.execute(trx)
  const found = new Set(rows.map((row) => row.crm_id))
  return extras.filter(({ extraId }) => found.has(extraId))
}

/** Tasks of which late answers name another id than the one in use. */
export async function doubledTasks(trx: Kysely<Tables>, intentIds: readonly number[]): Promise<ExtraTask[]> {
  if (intentIds.length === 0) return []
  const { rows } = await sql<ExtraTask>`
    select distinct on (w.crm_id) t.id as "taskId", i.workflow, i.policy_hash as "policyHash",
      t.crm_task_id as "keptId", w.crm_id as "extraId"
    from write_attempt a
    join write_answer w on w.attempt_id = a.id and w.outcome = 'done' and w.crm_id is not null
    join intent i on i.id = a.intent_id
    join task t on t.id = a.task_id and t.crm_task_id is not null and t.crm_task_id <> w.crm_id
    where a.intent_id = any(${intentIds}::bigint[]) and a.kind in ('task', 'job')
    order by w.crm_id, a.id`.execute(trx)
  return rows
}
