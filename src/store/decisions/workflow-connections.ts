import { type Kysely, sql } from 'kysely'
import type { Mode } from '../../model/policy/policy.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import type { Tables } from '../database/tables.ts'

/**
 * How far the people of each connection let a workflow run there. Returns the connections where that is not as it was, so
 * that their records must be decided again. Before the workflow's own row is changed: what is not asked yet is as there.
 */
export async function setReadinessIn(
  trx: Kysely<Tables>,
  workflow: string,
  modes: ReadonlyMap<ConnectionId, Mode>,
): Promise<ConnectionId[]> {
  if (modes.size === 0) return []
  const { rows } = await sql<{ id: ConnectionId }>`
    with wanted as materialized (
      select * from unnest(${[...modes.keys()]}::text[], ${[...modes.values()]}::text[]) as x(id, mode) order by id
    ), before as materialized (
      select x.id, x.mode, wc.effective_mode as was, coalesce(wc.effective_mode, w.effective_mode) as ran
      from wanted x
      left join workflow w on w.workflow = ${workflow}
      left join workflow_connection wc on wc.connection_id = x.id and wc.workflow = ${workflow}
    ), saved as (
      insert into workflow_connection as o (connection_id, workflow, effective_mode)
      select id, ${workflow}, mode from before where was is distinct from mode order by id
      on conflict (connection_id, workflow) do update set effective_mode = excluded.effective_mode
    )
    select id from before where ran <> mode order by id`.execute(trx)
  return rows.map(({ id }) => id)
}

export type ReachedMode = {
  readonly workflow: string
  readonly effectiveMode: Mode
  readonly problems: readonly unknown[]
  readonly byConnection: ReadonlyMap<ConnectionId, Mode>
}

/** Whether how far these workflows may run is not as it is stored, anywhere. */
export async function isReadinessOther(trx: Kysely<Tables>, reached: readonly ReachedMode[]): Promise<boolean> {
  const asked = reached.map(({ workflow: w, effectiveMode: mode, problems, byConnection }) => {
    return { w, mode, problems, modes: Object.fromEntries(byConnection) }
  })
  const { rows } = await sql`
    select 1 from jsonb_to_recordset(${JSON.stringify(asked)}::jsonb) as x(w text, mode text, problems jsonb, modes jsonb)
    join workflow on workflow.workflow = x.w
    where workflow.effective_mode <> x.mode or workflow.problems is distinct from x.problems
      or exists (
        select 1 from jsonb_each_text(x.modes) as m(id, mode)
        left join workflow_connection wc on wc.connection_id = m.id and wc.workflow = x.w
        where wc.effective_mode is distinct from m.mode)
    limit 1`.execute(trx)
  return rows.length > 0
}

/** Workflows that have begun to decide in this connection. The others leave everything there as it is. */
export async function begunWorkflows(db: Kysely<Tables>, connectionId: string): Promise<Set<string>> {
  const { rows } = await sql<{ workflow: string }>`
    select workflow from workflow_connection where connection_id = ${connectionId} and began_at is not null`.execute(db)
  return new Set(rows.map(({ workflow }) => workflow))
}

/**
 * Takes the permits of these connections and workflows, null for all of them, before any of their rows is written: two
 * transactions that write several in different orders would wait for each other (migration 0015).
 */
export async function lockPermits(
  trx: Kysely<Tables>,
  of: { readonly connections: readonly string[] | null; readonly workflows: readonly string[] | null },
): Promise<void> {
  await sql`select lock_permits(${of.connections && [...of.connections]}::text[], ${of.workflows && [...of.workflows]}::text[])`.execute(
    trx,
  )
}

export type Beginning = {
  readonly workflow: string
  /** Connections whose import it waits for; none: it begins now. */
  readonly waitsFor: readonly string[]
}

/** Notes which workflows begin in this connection, and what the others wait for before they do. */
export async function noteBeginnings(
  trx: Kysely<Tables>,
  connectionId: string,
  beginnings: readonly Beginning[],
): Promise<void> {
  await lockPermits(trx, { connections: [connectionId], workflows: beginnings.map(({ workflow }) => workflow) })
  const rows = beginnings.map(({ workflow: w, waitsFor: ids }) => ({ w, ids }))
  await sql`
    insert into workflow_connection as o (connection_id, workflow, began_at, waits_for)
    select ${connectionId}, w, case when cardinality(ids) = 0 then clock_timestamp() end, ids
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(w text, ids text[]) order by w collate "C"
    on conflict (connection_id, workflow) do update set began_at = coalesce(o.began_at, excluded.began_at),
      waits_for = case when o.began_at is null then excluded.waits_for else '{}' end
      where o.began_at is null and (excluded.began_at is not null or o.waits_for <> excluded.waits_for)`.execute(trx)
}

export type ComparedConnection = { readonly id: ConnectionId; readonly crm: Crm; readonly isJoined: boolean }

/** Every connection that was not ended, and whether its records are compared with. */
export async function comparedConnections(db: Kysely<Tables>): Promise<ComparedConnection[]> {
  const { rows } = await sql<ComparedConnection>`
    select id, crm, joined_at is not null as "isJoined" from connection where status <> 'disconnected' order by id`.execute(
    db,
  )
  return rows
}
