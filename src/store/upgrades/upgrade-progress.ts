import { type Kysely, sql } from 'kysely'
import type { UpgradeGroup, UpgradeTasks } from '../database/tables/upgrades.ts'
import type { Tables } from '../database/tables.ts'

/** Tasks that are let go in one statement. */
const RELEASED_AT_ONCE = 2_000

/** An upgrade whose report is not made, or whose tasks do not all go yet. Nearly always there is none. */
export async function unreleasedUpgrade(
  db: Kysely<Tables>,
): Promise<{ readonly id: number; readonly isFinished: boolean } | null> {
  const { rows } = await sql<{ id: number; isFinished: boolean }>`
    select id, finished_at is not null as "isFinished" from upgrade
    where released_at is null order by id limit 1`.execute(db)
  return rows[0] ?? null
}

/**
 * Notes of each connection whether all its records are marked, and then whether those are decided. What is marked later is
 * not waited for, and neither is a record that the CRM must be asked about first: either may go on for ever. Statements of
 * their own, because the second asks for what was committed after the first.
 */
export async function noteProgress(db: Kysely<Tables>, upgradeId: number): Promise<void> {
  await sql`
    update upgrade_scope s set marked_at = clock_timestamp()
    where s.upgrade_id = ${upgradeId} and s.marked_at is null
      and not exists (select 1 from redecide_queue q where q.connection_id = s.connection_id)
      and not exists (select 1 from match_key_version v join connection c on c.id = v.connection_id
        and c.status <> 'disconnected' where v.object_type is not null)`.execute(db)
  await sql`
    update upgrade_scope s set decided_at = clock_timestamp()
    where s.upgrade_id = ${upgradeId} and s.marked_at is not null and s.decided_at is null
      and coalesce((select r.dirty_since from record r where r.connection_id = s.connection_id and (r.needs_read is null)
        and r.dirty_since is not null order by r.dirty_since limit 1) > s.marked_at, true)`.execute(db)
}

/**
 * Whether the report can be made, with the upgrade locked: everything is decided where anything is decided at all, or the
 * time is over. Null: not yet, or another process makes it.
 */
export async function takeDueUpgrade(
  trx: Kysely<Tables>,
  upgradeId: number,
): Promise<{ readonly from: string; readonly to: string } | null> {
  const { rows } = await sql<{ from: string; to: string }>`
    select u.from_reading as "from", u.to_reading as "to" from upgrade u
    where u.id = ${upgradeId} and u.finished_at is null and (u.limit_at <= clock_timestamp() or not exists (
      select 1 from upgrade_scope s join connection c on c.id = s.connection_id
        and c.status <> 'disconnected' and c.joined_at is not null
      where s.upgrade_id = u.id and s.decided_at is null))
    for update of u skip locked`.execute(trx)
  return rows[0] ?? null
}

/**
 * Records that the report knows nothing of: not decided, because the time was over or the CRM has to be asked first, or
 * because the decision failed.
 */
export async function countUndecided(trx: Kysely<Tables>, upgradeId: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    with here as (
      select s.connection_id, max(s.marked_at) as marked_at from upgrade_scope s
      join connection c on c.id = s.connection_id and c.status <> 'disconnected' and c.joined_at is not null
      where s.upgrade_id = ${upgradeId} group by 1
    )
    select coalesce(sum(n), 0)::int as n from here h cross join lateral (
      select count(*) as n from record r where r.connection_id = h.connection_id
        and r.dirty_since <= coalesce(h.marked_at, 'infinity')
      union all
      select count(*) from redecide_queue q join record r on r.connection_id = q.connection_id
        and (r.object_type, r.record_id) > (q.object_type, q.record_id) and r.dirty_since is null
      where q.connection_id = h.connection_id and h.marked_at is null
      union all
      select count(distinct (w.object_type, w.record_id)) from wake_up w
      where w.connection_id = h.connection_id and w.reason = 'failed'
    ) left_open`.execute(trx)
  return rows[0]!.n
}

export async function finishUpgrade(
  trx: Kysely<Tables>,
  upgradeId: number,
  of: {
    readonly undecided: number
    readonly report: readonly UpgradeGroup[]
    readonly tasks: UpgradeTasks
    readonly ledgerSeq: number
  },
): Promise<void> {
  await sql`update upgrade set finished_at = clock_timestamp(), undecided = ${of.undecided},
      report = ${JSON.stringify(of.report)}::jsonb, tasks = ${JSON.stringify(of.tasks)}::jsonb, ledger_seq = ${of.ledgerSeq}
    where id = ${upgradeId}`.execute(trx)
}

/** Lets the next tasks go that waited for the report. True: there are more. */
export async function releaseNextTasks(db: Kysely<Tables>, upgradeId: number): Promise<boolean> {
  const { rows } = await sql<{ n: number }>`
    with waiting as materialized (
      select id from intent where upgrade_id = ${upgradeId} order by id limit ${RELEASED_AT_ONCE} for update
    ), released as (
      update intent i set upgrade_id = null,
        next_attempt_at = case when i.state = 'pending' then least(i.next_attempt_at, clock_timestamp()) else i.next_attempt_at end
      from waiting w where i.id = w.id
    )
    select count(*)::int as n from waiting`.execute(db)
  if (rows[0]!.n === RELEASED_AT_ONCE) return true
  await sql`update upgrade set released_at = clock_timestamp() where id = ${upgradeId}`.execute(db)
  return false
}
