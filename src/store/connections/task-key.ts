import { type Kysely, sql } from 'kysely'
import type { TaskKeySupport } from '../../model/record/crm-facts.ts'
import type { Tables } from '../database/tables.ts'

/** Running processes follow the new revision within seconds. False: the connection is gone or was ended. */
export async function saveTaskKey(
  trx: Kysely<Tables>,
  connectionId: string,
  taskKey: TaskKeySupport,
): Promise<boolean> {
  const { rows } = await sql`
    update connection set task_key = ${JSON.stringify(taskKey)}::jsonb, revision = revision + 1
    where id = ${connectionId} and status <> 'disconnected' returning 1`.execute(trx)
  return rows.length > 0
}
