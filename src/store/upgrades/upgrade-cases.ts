import { type Kysely, sql } from 'kysely'
import type { CaseChange, UpgradeGroup, UpgradeTasks } from '../database/tables/upgrades.ts'
import type { Tables } from '../database/tables.ts'

export type ChangedCase = { readonly id: number; readonly change: CaseChange; readonly classBefore: string | null }

/**
 * Notes what an upgrade did to cases. One that it opened and closed again, as a second upgrade in the middle may, is none
 * of the report's business.
 */
export async function noteUpgradeCases(
  trx: Kysely<Tables>,
  upgradeId: number,
  connectionId: string,
  changes: readonly ChangedCase[],
): Promise<void> {
  if (changes.length === 0) return
  const rows = JSON.stringify(changes.map(({ id: i, change: c, classBefore: b }) => ({ i, c, b })))
  await sql`
    with changed as materialized (
      select * from jsonb_to_recordset(${rows}::jsonb) as x(i bigint, c text, b text)
    ), undone as (
      delete from upgrade_case u using changed x
      where u.upgrade_id = ${upgradeId} and u.exception_id = x.i and u.change = 'opened' and x.c = 'closed'
      returning u.exception_id
    )
    insert into upgrade_case as u (upgrade_id, exception_id, connection_id, change, class_before)
    select ${upgradeId}, i, ${connectionId}, c, b from changed where i not in (select exception_id from undone)
    order by i
    on conflict (upgrade_id, exception_id) do update set
      change = case when u.change = 'opened' then u.change else excluded.change end,
      class_before = coalesce(u.class_before, excluded.class_before)`.execute(trx)
}

/**
 * The cases of inputs that are not known are about no record, and nobody can say what made them. Those that opened or
 * ended while records were decided again count as the upgrade's.
 */
export async function noteInputCases(trx: Kysely<Tables>, upgradeId: number): Promise<void> {
  await sql`
    insert into upgrade_case (upgrade_id, exception_id, connection_id, change)
    select u.id, e.id, e.connection_id, case when e.opened_at >= u.started_at then 'opened' else 'closed' end
    from upgrade u join upgrade_scope s on s.upgrade_id = u.id
    join exception e on e.connection_id = s.connection_id and e.workflow = s.workflow and e.record_id = ''
    where u.id = ${upgradeId} and (e.opened_at >= u.started_at) <> coalesce(e.resolved_at >= u.started_at, false)
    on conflict do nothing`.execute(trx)
}

/** Cases that are listed by name, of each group. */
const EXAMPLES = 5

/**
 * What is different after the upgrade, by connection, workflow and pattern: a case that was closed and opened again is the
 * same as before, and so is one whose class went there and back.
 */
export async function countUpgradeCases(trx: Kysely<Tables>, upgradeId: number): Promise<UpgradeGroup[]> {
  const { rows } = await sql<UpgradeGroup>`
    with changed as (
      select u.exception_id as id, e.connection_id, e.workflow, e.pattern, u.change,
        count(*) filter (where u.change = 'opened') over same > 0 and count(*) filter (where u.change = 'closed') over same > 0
          as is_back,
        u.change = 'changed' and e.class = u.class_before as is_unchanged
      from upgrade_case u join exception e on e.id = u.exception_id
      where u.upgrade_id = ${upgradeId}
      window same as (partition by e.connection_id, e.workflow, e.pattern, e.subject)
    )
    select connection_id as "connectionId", workflow, pattern,
      count(*) filter (where change = 'opened')::int as opened, count(*) filter (where change = 'closed')::int as closed,
      count(*) filter (where change = 'changed')::int as changed,
      count(*) filter (where change = 'asked-again')::int as "askedAgain",
      (array_agg(id order by change desc, id))[1:${sql.lit(EXAMPLES)}] as examples
    from changed where not (is_back and change in ('opened', 'closed')) and not is_unchanged
    group by 1, 2, 3 order by 1, 2, 3`.execute(trx)
  return rows
}

/** What the tasks that wait for the report are going to be in the CRM. */
export async function countHeldTasks(trx: Kysely<Tables>, upgradeId: number): Promise<UpgradeTasks> {
  const { rows } = await sql<UpgradeTasks>`
    select count(*) filter (where t.status = 'open' and t.crm_task_id is null)::int as created,
      count(*) filter (where t.status = 'open' and t.crm_task_id is not null)::int as changed,
      count(*) filter (where t.status = 'done' and t.crm_task_id is not null)::int as closed
    from intent i join task t on t.id = i.task_id
    where i.upgrade_id = ${upgradeId} and i.state = 'pending'`.execute(trx)
  return rows[0]!
}
