import { type Kysely, sql } from 'kysely'
import type { LaneHeld } from '../../model/authority/acts.ts'
import type { Tables } from '../database/tables.ts'

/**
 * Who may act in which lane at this moment: jobs as accepted, deputies, and delegates of those who are away, as far as they
 * are active. With the admins of the installation, whose workflow is empty. Null: of every workflow.
 */
export async function lanesHeld(db: Kysely<Tables>, workflows: readonly string[] | null): Promise<LaneHeld[]> {
  const of = workflows === null ? null : [...workflows, '']
  const { rows } = await sql<Omit<LaneHeld, 'untilMs'> & { until: Date | null }>`
    select l.workflow, l.lane, nullif(l.circle, '') as circle, l.person_id as "personId", l.role, l.until
    from lane_holder l
    where (${of}::text[] is null or l.workflow = any(${of}::text[])) and (l.until is null or l.until > clock_timestamp())
    order by l.workflow, l.lane, l.circle, l.role = 'delegate', l.role = 'deputy', l.person_id`.execute(db)
  return rows.map(({ until, ...held }) => ({ ...held, untilMs: until?.getTime() ?? null }))
}

/**
 * Works out who holds which lane again, under the permits of the workflow; null: of all. True: somebody came or went.
 * Whatever changes a job, an absence, an identity or a person calls this in the same transaction.
 */
export async function refreshLaneHolders(trx: Kysely<Tables>, workflow: string | null): Promise<boolean> {
  const { rows } = await sql<{ changed: boolean }>`select refresh_lane_holders(${workflow}) as changed`.execute(trx)
  return rows[0]!.changed
}

/** The workflows in which `refreshLaneHolders` would change something now, the installation's '' among them. Takes no lock. */
export async function staleLaneHolders(db: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ workflow: string }>`
    with now as materialized (select * from lane_holders_now(null))
    select distinct coalesce(n.workflow, l.workflow) as workflow from now n
    full join lane_holder l on (l.workflow, l.lane, l.circle, l.person_id, l.role)
      = (n.workflow, n.lane, n.circle, n.person_id, n.role)
    where n.workflow is null or l.workflow is null or n.until is distinct from l.until order by 1`.execute(db)
  return rows.map(({ workflow }) => workflow)
}
