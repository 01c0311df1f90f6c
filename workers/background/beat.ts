import { setInterval as every } from 'node:timers/promises'
import { followDatabaseClock } from '../../src/store/database/clock.ts'
import { beat } from '../../src/store/database/counters.ts'
import { type Database, openDatabase } from '../../src/store/database/database.ts'
import type { WorkerContext } from '../runtime/context.ts'

type Beating = Pick<WorkerContext, 'databaseUrl' | 'instance' | 'roles' | 'logger' | 'queues' | 'signal'> & {
  readonly beatMs: number
}

/**
 * The sign of life of this process, on a connection and a timer of its own: its leases end soon after it stops, so no slow
 * query and no full pool of other work may keep it back.
 */
export async function runBeat(context: Beating): Promise<void> {
  const { databaseUrl, beatMs, signal } = context
  const db = openDatabase(databaseUrl, { max: 1, applicationName: 'lanekeeper-beat' })
  try {
    const turn = createTurn(context, db)
    await turn()
    for await (const _ of every(beatMs, undefined, { signal })) await turn()
  } finally {
    await db.destroy()
  }
}

function createTurn({ instance, roles, logger, queues }: Beating, db: Database): () => Promise<void> {
  let failing = false
  return async () => {
    try {
      const rssMb = Math.round(process.memoryUsage.rss() / 1_048_576)
      await beat(db, 'worker', instance, { pid: process.pid, roles, queue: queues.problem(), rssMb })
      await followDatabaseClock(db)
      failing = false
    } catch (error) {
      if (!failing) logger.warn({ err: error }, 'no sign of life: the database does not answer')
      failing = true
    }
  }
}
