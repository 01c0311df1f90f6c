import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'
import type { ExtraTask } from './task-follow-ups.ts'

/** How long after a second create the index of the CRM is asked once more for the first. */
const SEARCH_AGAIN_MIN = 15

/**
 * Searches that did not show what an unanswered create may have made. After the last one it is created again, so that the
 * index is asked once more later: a first task that shows then is closed like every second one.
 */
export async function countEmptySearches(
  trx: Kysely<Tables>,
  searched: readonly { readonly id: number; readonly isLast: boolean }[],
): Promise<void> {
  if (searched.length === 0) return
  await sql`
    update intent i set empty_searches = empty_searches + 1,
      search_again_at = case when x.last then clock_timestamp() + ${SEARCH_AGAIN_MIN} * interval '1 minute'
        else i.search_again_at end
    from unnest(${searched.map(({ id }) => id)}::bigint[], ${searched.map(({ isLast }) => isLast)}::boolean[]) as x(id, last)
    where i.id = x.id`.execute(trx)
}

export type TaskToSearch = Omit<ExtraTask, 'extraId' | 'keptId'> & {
  readonly intentId: number
  readonly key: string
  /** Null: the second create is not answered either. */
  readonly crmTaskId: string | null
}

/** Tasks whose first create may show in the index by now. */
export async function tasksToSearchAgain(
  db: Kysely<Tables>,
  connectionId: string,
  limit: number,
): Promise<TaskToSearch[]> {
  const { rows } = await sql<TaskToSearch>`
    select i.id as "intentId", i.workflow, i.policy_hash as "policyHash", t.id as "taskId", t.key,
      t.crm_task_id as "crmTaskId"
    from intent i join task t on t.id = i.task_id
    where i.connection_id = ${connectionId} and i.search_again_at <= clock_timestamp()
    order by i.search_again_at limit ${limit}`.execute(db)
  return rows
}

export async function noteSearchedAgain(trx: Kysely<Tables>, intentIds: readonly number[]): Promise<void> {
  if (intentIds.length === 0) return
  await sql`update intent set search_again_at = null where id = any(${[...intentIds]}::bigint[])`.execute(trx)
}
