import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'
import { isOf, type PauseScope } from './pauses.ts'

/**
 * The workflows that a pause of this scope concerns: of a connection all that are in force. Null: there is no such branch,
 * workflow or connection.
 */
export async function workflowsIn(db: Kysely<Tables>, scope: PauseScope): Promise<string[] | null> {
  if (scope.kind === 'connection') {
    const { rows } = await sql<{ workflow: string | null }>`
      select w.workflow from connection c left join workflow w on w.hash is not null
      where c.id = ${scope.connectionId} and c.status <> 'disconnected' order by w.workflow`.execute(db)
    return rows.length === 0 ? null : rows.flatMap(({ workflow }) => workflow ?? [])
  }
  const ofBranch = scope.kind === 'branch' ? sql`and b->>'branch' = ${scope.branch}` : sql``
  const { rows } = await sql`
    select 1 from workflow w join policy_version v on v.hash = w.hash
    cross join lateral jsonb_array_elements(v.document->'boundary') b
    where w.workflow = ${scope.workflow} ${ofBranch} limit 1`.execute(db)
  return rows.length === 0 ? null : [scope.workflow]
}

/** Whether a pause of this scope, or of the workflow around it, is open. */
export async function isPaused(db: Kysely<Tables>, scope: PauseScope): Promise<boolean> {
  const around = scope.kind === 'branch' ? sql`or scope = 'workflow' and workflow = ${scope.workflow}` : sql``
  const { rows } = await sql`
    select 1 from pause where ended_at is null and (${isOf(scope)} ${around})
      and not exists (select 1 from pause_release r where r.pause_id = pause.id) limit 1`.execute(db)
  return rows.length > 0
}
