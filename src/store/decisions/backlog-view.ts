import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'
import { VERSION_NUMBER } from './running-versions.ts'

/** What of a workflow waits because only a new version wants it. */
export type Backlog = {
  readonly workflow: string
  /** Records that wait, and of those the ones that a person let go a moment ago. */
  readonly waiting: number
  readonly letGo: number
  readonly versionId: number
  /** Of its policy, numbered as in `runningVersions`. */
  readonly version: number
  /** What waits now and nothing later: for letting go just that. */
  readonly upTo: number
}

/** Of each workflow of which something waits. */
export async function backlogs(db: Kysely<Tables>): Promise<Backlog[]> {
  const { rows } = await sql<Backlog>`
    select w.workflow, count(*)::int as waiting, count(*) filter (where b.id <= l.up_to)::int as "letGo",
      b.version_id as "versionId", max(b.id) as "upTo",
      ${VERSION_NUMBER} as version
    from backlog_write b
    join connection c on c.id = b.connection_id and c.status <> 'disconnected'
    join workflow w on w.workflow = b.workflow and w.version_id = b.version_id
    left join policy_version p on p.hash = w.hash
    left join backlog_release l on l.workflow = b.workflow and l.version_id = b.version_id
    group by w.workflow, b.version_id, p.stored_at order by w.workflow`.execute(db)
  return rows
}

/**
 * Lets go what waited when the person looked. Returns how many records that are, or null where another version is in force
 * by now: what that one would change nobody has seen.
 */
export async function releaseBacklog(
  trx: Kysely<Tables>,
  { workflow, versionId, upTo, by }: { workflow: string; versionId: number; upTo: number; by: string },
): Promise<number | null> {
  const { rows: inForce } = await sql`select 1 from workflow where workflow = ${workflow} and version_id = ${versionId}
    for share`.execute(trx)
  if (inForce.length === 0) return null
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from backlog_write b
    left join backlog_release l on l.workflow = b.workflow and l.version_id = b.version_id
    where b.workflow = ${workflow} and b.version_id = ${versionId} and b.id <= ${upTo}
      and b.id > coalesce(l.up_to, 0)`.execute(trx)
  if (rows[0]!.n === 0) return 0
  await sql`
    insert into backlog_release as l (workflow, version_id, up_to, released_by)
    values (${workflow}, ${versionId}, ${upTo}, ${by})
    on conflict (workflow) do update set version_id = excluded.version_id,
      up_to = case when l.version_id = excluded.version_id then greatest(l.up_to, excluded.up_to) else excluded.up_to end,
      released_by = excluded.released_by, released_at = clock_timestamp()`.execute(trx)
  // Those that found no room a moment ago need not wait to be looked at.
  await sql`update backlog_write set look_at = least(look_at, clock_timestamp())
    where workflow = ${workflow} and version_id = ${versionId} and id <= ${upTo} and look_at > clock_timestamp()`.execute(
    trx,
  )
  return rows[0]!.n
}
