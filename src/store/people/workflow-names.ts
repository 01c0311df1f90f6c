import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/** What a token or a job can be made for. */
export async function workflowNames(db: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ workflow: string }>`select workflow from workflow order by workflow`.execute(db)
  return rows.map(({ workflow }) => workflow)
}

/** Workflows of which nothing is in force, by the title that their latest open draft without mistakes gives them. */
export async function workflowDrafts(
  db: Kysely<Tables>,
): Promise<{ readonly workflow: string; readonly title: string }[]> {
  const { rows } = await sql<{ workflow: string; title: string }>`
    select distinct on (d.document) substr(d.document, 10) as workflow, t.content ->> 'title' as title
    from policy_draft d
    join lateral (select content from policy_draft_text x where x.draft_id = d.id order by version desc limit 1) t
      on t.content is not null
    where d.ended_at is null and d.document like 'workflow:%'
      and not exists (select 1 from workflow w where 'workflow:' || w.workflow = d.document and w.hash is not null)
    order by d.document, d.id desc`.execute(db)
  return rows
}
