import { type Kysely, sql } from 'kysely'
import { canonicalJson } from '../../model/policy/canonical.ts'
import type { Tables } from '../database/tables.ts'
import { markDirty } from '../records/mark-dirty.ts'
import { APPLYING, SEEN } from './backlog.ts'

/** Where nobody says another rate: a mistake then reaches five records before anybody has had six minutes to see it. */
export const PER_HOUR_DEFAULT = 50

/** The most that a person may ask for: 100,000 records in ten hours, and a thousand of them at once. */
export const PER_HOUR_MAX = 10_000

export const CAP_MAX = 1_000_000

export type ApplicationState = 'running' | 'stopped' | 'done' | 'superseded'

export type NewApplication = {
  readonly workflow: string
  readonly versionId: number
  /** Of what waited when the person looked, the last. */
  readonly upTo: number
  /** So many writes in all. */
  readonly cap: number
  readonly perHour: number
  /** What the person saw. */
  readonly seen: Readonly<Record<string, unknown>>
  /** `person:ID`, or `lanekeeper`. */
  readonly by: string
}

/**
 * Begins to apply the version to what waited for it. A string says why not: another version is in force by now, one runs
 * already, or nothing of it waits any more. The caller holds the permits of the workflow.
 */
export async function insertApplication(
  trx: Kysely<Tables>,
  { workflow, versionId, upTo, cap, perHour, seen, by }: NewApplication,
): Promise<number | 'out-of-date' | 'running' | 'nothing-waits'> {
  const { rows: inForce } = await sql`select 1 from workflow
    where workflow = ${workflow} and version_id = ${versionId}`.execute(trx)
  if (inForce.length === 0) return 'out-of-date'
  await endSuperseded(trx, workflow)
  const { rows: waiting } = await sql`select 1 from backlog_write
    where workflow = ${workflow} and version_id = ${versionId} and id <= ${upTo} limit 1`.execute(trx)
  if (waiting.length === 0) return 'nothing-waits'
  const { rows } = await sql<{ id: number }>`
    insert into backlog_application (workflow, version_id, up_to, cap, per_hour, seen, started_by)
    values (${workflow}, ${versionId}, ${upTo}, ${cap}, ${perHour}, ${canonicalJson(seen)}::jsonb, ${by})
    on conflict (workflow) where state = 'running' do nothing returning id`.execute(trx)
  return rows[0]?.id ?? 'running'
}

/**
 * Stops what runs, for whoever holds the permits of the workflow exclusively: what passed the gate before has passed, and
 * after the commit nothing of it does. What was let go and had not left waits again. Null: nothing runs.
 */
export async function stopApplication(
  trx: Kysely<Tables>,
  { workflow, by }: { readonly workflow: string; readonly by: string },
): Promise<{ readonly id: number; readonly takenBack: number; readonly underWay: number } | null> {
  const { rows: running } = await sql<{ id: number }>`
    select id from backlog_application where workflow = ${workflow} and state = 'running'`.execute(trx)
  const id = running[0]?.id
  if (id === undefined) return null
  // The records first, as a decision holds one before its intents. One that is busy is kept back by the gate instead.
  const { rows: pending } = await sql<{ id: number; connectionId: string; objectType: string; recordId: string }>`
    select i.id, i.connection_id as "connectionId", i.object_type as "objectType", i.record_id as "recordId" from intent i
    where i.application_id = ${id} and i.state = 'pending'`.execute(trx)
  await markDirty(trx, pending)
  const { rows: takenBack } = await sql`
    with free as (
      select i.id from intent i where i.id = any(${pending.map((one) => one.id)}::bigint[]) and i.state = 'pending'
      order by i.id for update skip locked
    )
    update intent i set state = 'cancelled', not_sent = 'backlog-ended', not_sent_at = clock_timestamp(),
      finished_at = clock_timestamp(), outcome = 'Applying the version to the backlog was stopped'
    from free where i.id = free.id returning i.id`.execute(trx)
  await end(trx, id, 'stopped', by)
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from intent
    where application_id = ${id} and state in ('sending', 'unknown') and granted_at is not null`.execute(trx)
  return { id, takenBack: takenBack.length, underWay: rows[0]!.n }
}

async function end(trx: Kysely<Tables>, id: number, state: ApplicationState, by: string): Promise<boolean> {
  const { rows } = await sql`
    update backlog_application set state = ${state}, ended_at = clock_timestamp(), ended_by = ${by}
    where id = ${id} and state = 'running' returning 1`.execute(trx)
  return rows.length > 0
}

/** Of `backlog_application a`: another version is in force, so nothing of it leaves any more. */
const IS_SUPERSEDED = sql`not exists (
  select 1 from workflow w where w.workflow = a.workflow and w.version_id = a.version_id)`

/** Another version is in force: whether that is wanted for all that waits, a person says again. */
async function endSuperseded(trx: Kysely<Tables>, workflow: string): Promise<void> {
  await sql`
    update backlog_application a set state = 'superseded', ended_at = clock_timestamp(), ended_by = 'lanekeeper'
    where a.workflow = ${workflow} and a.state = 'running' and ${IS_SUPERSEDED}`.execute(trx)
}

const SPENT = sql`(select count(*) from intent i where i.application_id = a.id and i.state <> 'cancelled')`

/** Of `backlog_application a`: nothing is on its way, and nothing is left to let go. */
const IS_DONE = sql`(not exists (
    select 1 from intent i where i.application_id = a.id and i.state in ('pending', 'sending', 'unknown'))
  and (a.cap <= ${SPENT} or (
    not exists (select 1 from backlog_write b where b.workflow = a.workflow and ${SEEN})
    -- kept back by the gate, and to be decided again
    and not exists (select 1 from intent i
      join record r on r.connection_id = i.connection_id and r.object_type = i.object_type and r.record_id = i.record_id
      where i.application_id = a.id and i.state = 'cancelled' and r.dirty_since is not null))))`

/** Whether an application has come to its end and nobody has noted it. */
export const APPLICATION_ENDS = sql`
  select 1 from backlog_application a where a.state = 'running' and (${IS_SUPERSEDED} or ${IS_DONE})`

export async function doesAnyApplicationEnd(db: Kysely<Tables>): Promise<boolean> {
  return (await sql`${APPLICATION_ENDS} limit 1`.execute(db)).rows.length > 0
}

export type EndedApplication = {
  readonly id: number
  readonly workflow: string
  readonly state: 'done' | 'superseded'
  readonly written: number
}

/** Notes which applications have come to their end: nothing is left for them, or another version came. */
export async function endApplications(trx: Kysely<Tables>): Promise<EndedApplication[]> {
  const { rows } = await sql<EndedApplication>`
    with ending as (
      select a.id, case when ${IS_SUPERSEDED} then 'superseded' else 'done' end as state
      from backlog_application a where a.state = 'running' and (${IS_SUPERSEDED} or ${IS_DONE}) for update of a skip locked
    )
    update backlog_application a set state = ending.state, ended_at = clock_timestamp(), ended_by = 'lanekeeper'
    from ending where a.id = ending.id
    returning a.id, a.workflow, a.state,
      (select count(*)::int from intent i where i.application_id = a.id and i.state = 'done') as written`.execute(trx)
  return rows
}

/** Records that wait and that an application lets go, in whichever connection. */
export const waitingToGo = sql`
  select count(*)::int from ${APPLYING} a join backlog_write b on b.workflow = a.workflow and ${SEEN}
  where a.cap > ${SPENT}`
