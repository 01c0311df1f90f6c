import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/** What a token or a job can be made for. */
export async function workflowNames(db: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ workflow: string }>`select workflow from workflow order by workflow`.execute(db)
  return rows.map(({ workflow }) => workflow)
}
