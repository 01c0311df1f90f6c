import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/** What is paused: one branch of a workflow, a workflow everywhere, or everything automated in one connection. */
export type PauseScope =
  | { readonly kind: 'branch'; readonly workflow: string; readonly branch: string }
  | { readonly kind: 'workflow'; readonly workflow: string }
  | { readonly kind: 'connection'; readonly connectionId: string }

export type Pause = {
  readonly id: number
  readonly scope: PauseScope
  readonly reason: string
  /** `person:ID`, or `lanekeeper` where nobody answered who was asked. */
  readonly by: string
  readonly at: Date
  /** `person:ID` or `token:ID`. Null: nobody asked for it. */
  readonly askedBy: string | null
  readonly endedAt: Date | null
  readonly endedBy: string | null
}

type ScopeColumns = {
  readonly scope: PauseScope['kind']
  readonly workflow: string | null
  readonly branch: string | null
  readonly connection_id: string | null
}

export function toScope(row: ScopeColumns): PauseScope {
  if (row.scope === 'connection') return { kind: 'connection', connectionId: row.connection_id! }
  if (row.scope === 'workflow') return { kind: 'workflow', workflow: row.workflow! }
  return { kind: 'branch', workflow: row.workflow!, branch: row.branch! }
}

export function scopeColumns(scope: PauseScope): ScopeColumns {
  return {
    scope: scope.kind,
    workflow: scope.kind === 'connection' ? null : scope.workflow,
    branch: scope.kind === 'branch' ? scope.branch : null,
    connection_id: scope.kind === 'connection' ? scope.connectionId : null,
  }
}

/** Of rows with the columns of a scope: those of exactly this one. */
export const isOf = (scope: PauseScope) => {
  const { workflow, branch, connection_id: connectionId } = scopeColumns(scope)
  return sql<boolean>`(workflow is not distinct from ${workflow}::text and branch is not distinct from ${branch}::text
    and connection_id is not distinct from ${connectionId}::text)`
}

/** Of `intent i`: those that a pause of this scope keeps back, or would. */
export const keptBack = (scope: PauseScope) => {
  if (scope.kind === 'connection') return sql<boolean>`(i.kind = 'owner' and i.connection_id = ${scope.connectionId})`
  if (scope.kind === 'workflow') return sql<boolean>`(i.kind = 'owner' and i.workflow = ${scope.workflow})`
  return sql<boolean>`(i.kind = 'owner' and i.workflow = ${scope.workflow}
    and i.payload->>'branch' = ${scope.branch})`
}

/**
 * Takes the permits of the scope exclusively, before anything else: whoever passes the gate now is waited for, and after the
 * commit nobody passes it. See docs/decisions/0037-pause-is-a-permission.md.
 */
export async function lockScope(trx: Kysely<Tables>, scope: PauseScope): Promise<void> {
  const { workflow, connection_id: connectionId } = scopeColumns(scope)
  await sql`select lock_permits(${connectionId === null ? null : [connectionId]}::text[],
    ${workflow === null ? null : [workflow]}::text[])`.execute(trx)
}

/**
 * Pauses the scope, whose permits are held. One that is paused already stays as it is; a connection that was resumed for
 * some of its workflows is paused again for all.
 */
export async function insertPause(
  trx: Kysely<Tables>,
  scope: PauseScope,
  of: { readonly reason: string; readonly by: string; readonly askedBy: string | null },
): Promise<{ readonly id: number; readonly isNew: boolean; readonly grants: number }> {
  const { scope: kind, workflow, branch, connection_id: connectionId } = scopeColumns(scope)
  await sql`
    update pause set ended_at = clock_timestamp(), ended_by = ${of.by} where ended_at is null and ${isOf(scope)}
      and exists (select 1 from pause_release r where r.pause_id = pause.id)`.execute(trx)
  const { rows } = await sql<{ id: number }>`
    insert into pause (scope, workflow, branch, connection_id, reason, paused_by, asked_by)
    values (${kind}, ${workflow}, ${branch}, ${connectionId}, ${of.reason}, ${of.by}, ${of.askedBy})
    on conflict (coalesce(connection_id, ''), coalesce(workflow, ''), coalesce(branch, ''))
      where ended_at is null do nothing
    returning id`.execute(trx)
  const id = rows[0]?.id
  if (id !== undefined) return { id, isNew: true, grants: await noteGrants(trx, id, scope) }
  const { rows: open } = await sql<{ id: number }>`
    select id from pause where ended_at is null and ${isOf(scope)}`.execute(trx)
  return { id: open[0]!.id, isNew: false, grants: 0 }
}

/** What had passed the gate before the pause and has no answer: it may be in the CRM, or still on its way. */
async function noteGrants(trx: Kysely<Tables>, pauseId: number, scope: PauseScope): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    insert into pause_grant (pause_id, attempt_id)
    select ${pauseId}, a.id from intent i join write_attempt a on a.intent_id = i.id
    where i.state in ('sending', 'unknown') and i.granted_at is not null and ${keptBack(scope)} and not exists (
      select 1 from write_answer w where w.attempt_id = a.id and w.outcome <> 'unknown')
    returning attempt_id`.execute(trx)
  return rows.length
}

/**
 * Ends a pause whose permits are held: of a connection, for these workflows. True: nothing of it is left. Null: it had ended
 * before, or these workflows had been resumed.
 */
export async function endPause(
  trx: Kysely<Tables>,
  { id, scope }: Pick<Pause, 'id' | 'scope'>,
  { by, workflows }: { readonly by: string; readonly workflows: readonly string[] },
): Promise<boolean | null> {
  if (scope.kind === 'connection') {
    const { rows } = await sql`
      insert into pause_release (pause_id, workflow, released_by)
      select id, w, ${by} from pause cross join unnest(${[...workflows]}::text[]) w
      where id = ${id} and ended_at is null order by w on conflict do nothing returning 1`.execute(trx)
    if (rows.length === 0) return null
    if ((await stillPaused(trx, id)).length > 0) return false
  }
  const { rows } = await sql`
    update pause set ended_at = clock_timestamp(), ended_by = ${by} where id = ${id} and ended_at is null
    returning 1`.execute(trx)
  return rows.length > 0 ? true : null
}

/** The workflows in force for which a pause of a connection has not been ended. */
export async function stillPaused(db: Kysely<Tables>, pauseId: number): Promise<string[]> {
  const { rows } = await sql<{ workflow: string }>`
    select w.workflow from workflow w where w.hash is not null and not exists (
      select 1 from pause_release r where r.pause_id = ${pauseId} and r.workflow = w.workflow)
    order by w.workflow`.execute(db)
  return rows.map(({ workflow }) => workflow)
}

type PauseRow = ScopeColumns & {
  readonly id: number
  readonly reason: string
  readonly paused_by: string
  readonly paused_at: Date
  readonly asked_by: string | null
  readonly ended_at: Date | null
  readonly ended_by: string | null
}

function toPause(row: PauseRow): Pause {
  const { id, reason, paused_by: by, paused_at: at, asked_by: askedBy, ended_at: endedAt, ended_by: endedBy } = row
  return { id, scope: toScope(row), reason, by, at, askedBy, endedAt, endedBy }
}

export async function findPause(db: Kysely<Tables>, id: number): Promise<Pause | null> {
  const { rows } = await sql<PauseRow>`select * from pause where id = ${id}`.execute(db)
  return rows[0] === undefined ? null : toPause(rows[0])
}

/** What is paused now, the newest first. */
export async function openPauses(db: Kysely<Tables>): Promise<Pause[]> {
  const { rows } =
    await sql<PauseRow>`select * from pause where ended_at is null order by paused_at desc, id desc`.execute(db)
  return rows.map(toPause)
}

/** Pauses that have ended, the newest first. */
export async function endedPauses(db: Kysely<Tables>, limit: number): Promise<Pause[]> {
  const { rows } = await sql<PauseRow>`
    select * from pause where ended_at is not null order by ended_at desc, id desc limit ${limit}`.execute(db)
  return rows.map(toPause)
}
