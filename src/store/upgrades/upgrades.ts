import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/**
 * How long tasks wait for the report of an upgrade. 500,000 records are decided in 2 to 11 minutes
 * (docs/performance.md); after this something else is wrong, and people must not wait for it.
 */
const LIMIT_MIN = 60

/** What decided for a workflow until now. */
export type VersionBefore = { readonly hash: string; readonly readingVersion: string; readonly source: string }

/** Null: nothing was in force. */
export async function versionBefore(db: Kysely<Tables>, workflow: string): Promise<VersionBefore | null> {
  const { rows } = await sql<VersionBefore>`
    select v.hash, v.reading_version as "readingVersion", p.source
    from workflow w join workflow_version v on v.id = w.version_id join policy_version p on p.hash = v.hash
    where w.workflow = ${workflow}`.execute(db)
  return rows[0] ?? null
}

/**
 * Notes that these records are decided again because our own code reads them in another way. An upgrade that begins before
 * the report of the last one is made takes its place: the report is about the first code and the newest.
 */
export async function noteUpgrade(
  trx: Kysely<Tables>,
  {
    workflow,
    connectionIds,
    from,
    to,
    policyChanged,
  }: {
    readonly workflow: string
    readonly connectionIds: readonly string[]
    readonly from: string
    readonly to: string
    readonly policyChanged: boolean
  },
): Promise<void> {
  if (connectionIds.length === 0) return
  const { rows } = await sql<{ id: number }>`
    insert into upgrade as u (from_reading, to_reading, limit_at)
    values (${from}, ${to}, clock_timestamp() + ${LIMIT_MIN} * interval '1 minute')
    on conflict ((true)) where finished_at is null
      do update set to_reading = excluded.to_reading, limit_at = excluded.limit_at
    returning id`.execute(trx)
  const { id } = rows[0]!
  await sql`
    insert into upgrade_scope as s (upgrade_id, connection_id, workflow, policy_changed)
    select ${id}, c, ${workflow}, ${policyChanged} from unnest(${connectionIds}::text[]) as c
    on conflict (upgrade_id, connection_id, workflow)
      do update set policy_changed = s.policy_changed or excluded.policy_changed, marked_at = null, decided_at = null`.execute(
    trx,
  )
  await sql`update intent i set next_attempt_at = u.limit_at from upgrade u
    where u.id = ${id} and i.upgrade_id = u.id and i.state = 'pending'`.execute(trx)
}

/** A policy was edited while an upgrade is under way: what comes of which can no longer be told apart. */
export async function notePolicyChange(trx: Kysely<Tables>, workflow: string): Promise<void> {
  await sql`update upgrade_scope s set policy_changed = true from upgrade u
    where u.id = s.upgrade_id and u.finished_at is null and s.workflow = ${workflow}`.execute(trx)
}

export type OpenUpgrade = { readonly id: number; readonly workflows: ReadonlySet<string> }

/** The upgrade whose report is still to be made, with the workflows that it decides again here. Null: there is none. */
export async function openUpgrade(db: Kysely<Tables>, connectionId: string): Promise<OpenUpgrade | null> {
  return (await openUpgrades(db, [connectionId])).get(connectionId) ?? null
}

/** The same of several connections, by their ids. */
export async function openUpgrades(
  db: Kysely<Tables>,
  connectionIds: readonly string[],
): Promise<ReadonlyMap<string, OpenUpgrade>> {
  const { rows } = await sql<{ connectionId: string; id: number; workflows: string[] }>`
    select s.connection_id as "connectionId", u.id, array_agg(s.workflow) as workflows from upgrade u
    join upgrade_scope s on s.upgrade_id = u.id and s.connection_id = any(${connectionIds}::text[])
    where u.finished_at is null group by 1, 2`.execute(db)
  return new Map(rows.map(({ connectionId, id, workflows }) => [connectionId, { id, workflows: new Set(workflows) }]))
}
