import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/database.ts'
import { tryStageLock } from '../database/locks.ts'
import type { Tables } from '../database/tables.ts'
import { inTransaction } from '../database/transaction.ts'

/**
 * Open tasks per owner's e-mail, for capacity. Triggers on `task` keep the numbers, so that nothing here reads the tasks.
 * One row per reviewer, and what changed since they were last added up.
 */
export async function openTaskCounts(db: Kysely<Tables>): Promise<Map<string, number>> {
  const { rows } = await sql<{ owner_email: string; n: number }>`
    select owner_email, sum(n)::bigint as n from (
      select owner_email, n from open_task_count
      union all select owner_email, n from open_task_change) x
    group by owner_email having sum(n) <> 0`.execute(db)
  return new Map(rows.map((row) => [row.owner_email, row.n]))
}

/** So many changes are read together with the counts before they are added up: a fraction of a millisecond. */
const CHANGES_MAX = 500

/** Added up at once. */
const BATCH_ROWS = 10_000

/**
 * Adds the changes to the counts, in one commit, so that everybody else sees either both or neither. Only one process does
 * it at a time, and the others do not wait.
 */
export async function addUpOpenTasks(db: Database, changesMax = CHANGES_MAX): Promise<void> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from (select 1 from open_task_change limit ${changesMax + 1}) c`.execute(db)
  if (rows[0]!.n <= changesMax) return
  await inTransaction(db, async (trx) => {
    if (!(await tryStageLock(trx, 'open-tasks'))) return
    await sql`
      with taken as (
        delete from open_task_change where ctid = any(array(
          select ctid from open_task_change limit ${BATCH_ROWS}))
        returning owner_email, n
      )
      insert into open_task_count as c (owner_email, n)
      select owner_email, sum(n) from taken group by owner_email
      on conflict (owner_email) do update set n = c.n + excluded.n`.execute(trx)
    await sql`delete from open_task_count where n = 0`.execute(trx)
  })
}
