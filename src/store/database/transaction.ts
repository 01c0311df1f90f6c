import { setTimeout as wait } from 'node:timers/promises'
import type { Database, DatabaseTransaction } from './database.ts'

/** Deadlock, serialisation failure, and a unique index that two transactions reached at once: all pass on a second try. */
const PASSING = new Set(['40P01', '40001', '23505'])

const TRIES_MAX = 5

/**
 * Runs `work` in a transaction, again from the start when it met another one. Only for work that does nothing outside
 * its transaction. Jittered, so that two that met do not meet again.
 */
export async function inTransaction<T>(db: Database, work: (trx: DatabaseTransaction) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction().execute(work)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      if (!PASSING.has(code) || attempt >= TRIES_MAX) throw error
      await wait(Math.random() * 20 * 2 ** attempt)
    }
  }
}
