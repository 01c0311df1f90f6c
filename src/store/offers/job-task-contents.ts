import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

export type JobTaskContent = {
  readonly id: number
  readonly key: string
  readonly crmTaskId: string | null
  readonly crmOwnerId: string | null
  readonly status: 'open' | 'done'
  readonly writtenDigest: string | null
  readonly dueAt: Date
  readonly reopenReason: string | null
  readonly subject: string
  readonly body: string
  readonly lastLine: string
  /** Why it closed. Null: open. */
  readonly closing: string | null
  /** The person as an active user of this connection. Null: they are none. */
  readonly owner: { readonly userId: string; readonly timeZone: string | null } | null
  readonly lastWritten: { readonly subject: string; readonly body: string } | null
}

/** What should stand in the CRM for these tasks, read at the last moment before writing. */
export async function jobTaskContents(
  db: Kysely<Tables>,
  taskIds: readonly number[],
): Promise<ReadonlyMap<number, JobTaskContent>> {
  if (taskIds.length === 0) return new Map()
  const { rows } = await sql<JobTaskContent>`
    select t.id, t.key, t.crm_task_id as "crmTaskId", t.crm_owner_id as "crmOwnerId", t.status,
      t.written_digest as "writtenDigest", t.due_at as "dueAt", t.reopen_reason as "reopenReason",
      -- one that was deleted in the CRM and written again has only a row of its own, for the day it is restored there
      coalesce(j.subject, 'Closed by Lanekeeper') as subject, coalesce(j.body, '') as body,
      coalesce(j.last_line, '') as "lastLine", j.closing, o.owner,
      case when t.written_subject is not null
        then jsonb_build_object('subject', t.written_subject, 'body', coalesce(t.written_body, '')) end as "lastWritten"
    from task t left join job_task j on j.task_id = t.id
    left join lateral (
      select jsonb_build_object('userId', u.user_id, 'timeZone', u.time_zone) as owner
      from identity i join connection c on c.id = t.connection_id and i.issuer = c.identity_issuer
      join crm_user u on u.connection_id = c.id and u.user_id = i.subject and u.kind = 'person' and u.active
      where i.person_id = j.person_id and i.kind = 'crm' and i.state = 'confirmed'
      order by i.id limit 1) o on true
    where t.id = any(${[...taskIds]}::bigint[])`.execute(db)
  return new Map(rows.map((row) => [row.id, row]))
}
