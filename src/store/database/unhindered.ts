import { setInterval as every } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database, DatabaseTransaction } from './database.ts'
import { inTransaction } from './transaction.ts'

/** No transaction of ours does anything else for so long between two statements: its process is stopped, or cut off. */
const STANDS_STILL_MS = 2_000
const LOOK_EVERY_MS = 500

/**
 * As `inTransaction`, for what must not wait until Postgres ends the transactions of stopped processes, which takes a minute:
 * those that this one waits for, or that they wait for, are ended once they have stood still. Their work is rolled back and
 * done again, as after every loss of a connection.
 */
export async function unhindered<T>(db: Database, work: (trx: DatabaseTransaction) => Promise<T>): Promise<T> {
  const done = new AbortController()
  let pid: number | null = null
  const watching = watch(db, () => pid, done.signal)
  try {
    return await inTransaction(db, async (trx) => {
      pid = (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx)).rows[0]!.pid
      return work(trx)
    })
  } finally {
    pid = null
    done.abort()
    await watching
  }
}

async function watch(db: Database, pidOf: () => number | null, signal: AbortSignal): Promise<void> {
  try {
    for await (const _ of every(LOOK_EVERY_MS, undefined, { signal })) {
      const pid = pidOf()
      if (pid !== null) await endThoseInTheWay(db, pid)
    }
  } catch {
    // The end of the timer; or no answer, and then the transaction waits as any other does.
  }
}

async function endThoseInTheWay(db: Database, pid: number): Promise<void> {
  await sql`
    with recursive waits(pid) as (
      select unnest(pg_blocking_pids(${pid}::int))
      union select unnest(pg_blocking_pids(w.pid)) from waits w)
    select pg_terminate_backend(a.pid) from waits w join pg_stat_activity a on a.pid = w.pid
    where a.state like 'idle in transaction%' and a.usename = current_user
      and a.state_change < clock_timestamp() - ${STANDS_STILL_MS} * interval '1 millisecond'`.execute(db)
}
