import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'
import type { ApplicationState } from '../writes/backlog-applications.ts'
import { VERSION_NUMBER } from './running-versions.ts'

/** What of a workflow waits because only a new version wants it. */
export type Backlog = {
  readonly workflow: string
  readonly waiting: number
  readonly versionId: number
  /** Of its policy, numbered as in `runningVersions`. */
  readonly version: number
  /**
   * version: this policy was never in force before. update: our own code reads records or policies differently now. raise: the
   * workflow may go further than before.
   */
  readonly because: 'version' | 'update' | 'raise'
  /** What waits now and nothing later: for applying the version to just that. */
  readonly upTo: number
  readonly oldest: Date
}

/** Of `backlog_write b`: of a connection that there is, for the version in force of `workflow w`, of `policy_version p`. */
const WAITING = sql`backlog_write b
    join connection c on c.id = b.connection_id and c.status <> 'disconnected'
    join workflow w on w.workflow = b.workflow and w.version_id = b.version_id
    join workflow_version r on r.id = b.version_id
    left join policy_version p on p.hash = w.hash`

/** Of `workflow w` and `workflow_version r`, the one in force: an earlier one of the same policy. */
const EARLIER = sql`v.workflow = w.workflow and v.hash = w.hash and v.id < r.id`

/** Of each workflow of which something waits; with a name, of that one. */
export async function backlogs(db: Kysely<Tables>, workflow: string | null = null): Promise<Backlog[]> {
  const { rows } = await sql<Backlog>`
    select w.workflow, count(*)::int as waiting, b.version_id as "versionId", max(b.id) as "upTo", min(b.since) as oldest,
      ${VERSION_NUMBER} as version,
      case when not exists (select 1 from workflow_version v where ${EARLIER}) then 'version'
        when exists (select 1 from workflow_version v where ${EARLIER} and v.reading_version = r.reading_version) then 'raise'
        else 'update' end as because
    from ${WAITING}
    where (${workflow}::text is null or b.workflow = ${workflow})
    group by w.workflow, b.version_id, w.hash, r.id, p.stored_at order by w.workflow`.execute(db)
  return rows
}

export type OwnerMove = {
  readonly connectionId: string
  /** The CRM's ids. Null: nobody. */
  readonly from: string | null
  /** Null: an earlier release noted it, and the next decision says it. */
  readonly to: string | null
  readonly records: number
}

export type BacklogPreview = Backlog & {
  /** The largest first. */
  readonly moves: readonly OwnerMove[]
  /** What `moves` leaves out. */
  readonly otherMoves: { readonly pairs: number; readonly records: number }
  readonly branches: readonly { readonly branch: string | null; readonly records: number }[]
}

const MOVES_SHOWN = 20
const BRANCHES_SHOWN = 50

/** What applying the version in force to the backlog of a workflow would write. Null: nothing waits. Added up by Postgres. */
export async function previewBacklog(db: Kysely<Tables>, workflow: string): Promise<BacklogPreview | null> {
  const [backlog] = await backlogs(db, workflow)
  if (backlog === undefined) return null
  const of = sql`${WAITING} where b.workflow = ${workflow} and b.version_id = ${backlog.versionId} and b.id <= ${backlog.upTo}`
  const { rows: moves } = await sql<OwnerMove & { pairs: number; all: number }>`
    select m.*, count(*) over ()::int as pairs, (sum(m.records) over ())::int as all from (
      select b.connection_id as "connectionId", b.from_id as "from", b.to_id as "to", count(*)::int as records
      from ${of} group by 1, 2, 3
    ) m order by m.records desc, m."connectionId", m."from", m."to" limit ${MOVES_SHOWN}`.execute(db)
  const { rows: branches } = await sql<BacklogPreview['branches'][number]>`
    select b.branch, count(*)::int as records from ${of} group by 1 order by 2 desc, 1 limit ${BRANCHES_SHOWN}`.execute(
    db,
  )
  const shown = moves.reduce((sum, { records }) => sum + records, 0)
  return {
    ...backlog,
    moves: moves.map(({ pairs: _, all: __, ...move }) => move),
    otherMoves: { pairs: (moves[0]?.pairs ?? 0) - moves.length, records: (moves[0]?.all ?? 0) - shown },
    branches,
  }
}

export type Application = {
  readonly id: number
  readonly workflow: string
  readonly versionId: number
  readonly isInForce: boolean
  readonly cap: number
  readonly perHour: number
  readonly startedBy: string
  readonly startedAt: Date
  readonly state: ApplicationState
  readonly endedAt: Date | null
  readonly endedBy: string | null
  /** What became of what it let go. */
  readonly written: number
  readonly underWay: number
  readonly refused: number
}

/** The newest application of each workflow. */
export async function lastApplications(db: Kysely<Tables>): Promise<Application[]> {
  const { rows } = await sql<Application>`
    select a.id, a.workflow, a.version_id as "versionId", coalesce(w.version_id = a.version_id, false) as "isInForce",
      a.cap, a.per_hour as "perHour", a.started_by as "startedBy", a.started_at as "startedAt", a.state,
      a.ended_at as "endedAt", a.ended_by as "endedBy", n.*
    from workflow w
    cross join lateral (
      select * from backlog_application x where x.workflow = w.workflow order by x.id desc limit 1) a
    cross join lateral (
      select count(*) filter (where i.state = 'done')::int as written,
        count(*) filter (where i.state in ('pending', 'sending', 'unknown'))::int as "underWay",
        count(*) filter (where i.state = 'refused')::int as refused
      from intent i where i.application_id = a.id) n
    order by a.workflow`.execute(db)
  return rows
}
