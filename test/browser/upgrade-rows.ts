import { sql } from 'kysely'
import type { Database } from '../../src/store/database/database.ts'

/**
 * After `seedConsole`: an upgrade that changed nothing, one that opened, closed and changed cases, and with `underWay` one
 * whose report is not made yet. Returns a case that the second one opened.
 */
export async function seedUpgrades(db: Database, { underWay = false } = {}): Promise<number> {
  await sql`insert into upgrade (from_reading, to_reading, started_at, limit_at, finished_at, undecided, report, tasks, released_at)
    values ('1111aaaa2222bbbb', '3333cccc4444dddd', now() - interval '9 days', now() - interval '9 days', now() - interval '9 days', 0,
      '[]', '{"created":0,"changed":0,"closed":0}', now() - interval '9 days')`.execute(db)
  const { rows } = await sql<{ id: number }>`
    insert into upgrade (from_reading, to_reading, started_at, limit_at, finished_at, undecided, report, tasks, released_at)
    select '3333cccc4444dddd', '5555eeee6666ffff', now() - interval '3 hours', now(), now() - interval '170 minutes', 2,
      (select jsonb_agg(to_jsonb(g)) from (
        select connection_id as "connectionId", workflow, pattern, 1200 as opened, 8 as closed, 3 as changed, 1 as "askedAgain",
          (array_agg(id order by id desc))[1:3] as examples
        from exception group by 1, 2, 3 order by 1, 2, 3 limit 4) g),
      '{"created":10,"changed":1,"closed":3}', now() returning id`.execute(db)
  const upgradeId = rows[0]!.id
  await sql`insert into upgrade_scope (upgrade_id, connection_id, workflow, policy_changed)
    select distinct ${upgradeId}::int, connection_id, workflow, workflow = 'inbound-lead-routing' from exception`.execute(
    db,
  )
  await sql`insert into upgrade_case (upgrade_id, exception_id, connection_id, change)
    select ${upgradeId}, e.id, e.connection_id, case when e.status = 'open' then 'opened' else 'closed' end
    from upgrade u cross join jsonb_array_elements(u.report) g
    cross join jsonb_array_elements_text(g->'examples') x join exception e on e.id = x::bigint
    where u.id = ${upgradeId}`.execute(db)
  if (underWay) {
    await sql`insert into upgrade (from_reading, to_reading, limit_at)
      values ('5555eeee6666ffff', '7777aaaa8888bbbb', now() + interval '50 minutes')`.execute(db)
  }
  const { rows: opened } = await sql<{ id: number }>`
    select exception_id as id from upgrade_case where change = 'opened' order by 1 limit 1`.execute(db)
  return opened[0]!.id
}
