import { type Kysely, sql } from 'kysely'
import type { CaseChange, UpgradeGroup, UpgradeTasks } from '../database/tables/upgrades.ts'
import type { Tables } from '../database/tables.ts'

type Begun = {
  readonly id: number
  readonly startedAt: Date
  readonly limitAt: Date
  readonly from: string
  readonly to: string
  /** Titles of the workflows whose policy file was edited, too. */
  readonly edited: readonly string[]
}

/** What was reported of an upgrade. */
export type UpgradeReport = {
  readonly at: Date
  readonly undecided: number
  readonly groups: readonly UpgradeGroup[]
  readonly tasks: UpgradeTasks
}

/** `report` is null while records are decided again and its tasks wait. */
export type Upgrade = Begun & { readonly report: UpgradeReport | null }

/** The newest first. */
export async function listUpgrades(
  db: Kysely<Tables>,
  { limit, startedSince = new Date(0) }: { readonly limit: number; readonly startedSince?: Date },
): Promise<Upgrade[]> {
  const { rows } = await sql<
    Begun & {
      finishedAt: Date | null
      undecided: number | null
      report: UpgradeGroup[] | null
      tasks: UpgradeTasks | null
    }
  >`
    select u.id, u.started_at as "startedAt", u.limit_at as "limitAt", u.finished_at as "finishedAt",
      u.from_reading as "from", u.to_reading as "to", u.undecided, u.report, u.tasks,
      array(select distinct coalesce(w.title, s.workflow) from upgrade_scope s left join workflow w on w.workflow = s.workflow
        where s.upgrade_id = u.id and s.policy_changed order by 1) as edited
    from upgrade u where coalesce(u.finished_at, u.started_at) >= ${startedSince} order by u.id desc limit ${limit}`.execute(
    db,
  )
  return rows.map(({ finishedAt, undecided, report, tasks, ...begun }) => ({
    ...begun,
    report: finishedAt && { at: finishedAt, undecided: undecided ?? 0, groups: report ?? [], tasks: tasks! },
  }))
}

export type CaseUpgrade = {
  readonly change: CaseChange
  readonly at: Date
  readonly classBefore: string | null
  /** The report is not made yet, and what it wants of tasks waits. */
  readonly isUnderWay: boolean
}

/** What the last upgrade that changed this case did to it. Null: none did. */
export async function upgradeOfCase(db: Kysely<Tables>, exceptionId: number): Promise<CaseUpgrade | null> {
  const { rows } = await sql<CaseUpgrade>`
    select c.change, u.started_at as at, c.class_before as "classBefore",
      u.finished_at is null and u.limit_at > clock_timestamp() as "isUnderWay"
    from upgrade_case c join upgrade u on u.id = c.upgrade_id
    where c.exception_id = ${exceptionId} order by c.upgrade_id desc limit 1`.execute(db)
  return rows[0] ?? null
}
