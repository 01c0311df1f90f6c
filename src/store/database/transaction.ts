import { setTimeout as wait } from 'node:timers/promises'
import type { Database, DatabaseTransaction } from './database.ts'

/** Deadlock and serialisation failure: the same again finds another order of things. */
const LOST = new Set(['40P01', '40001'])

/** And a unique index that two transactions reached at once. */
const PASSING = new Set([...LOST, '23505'])

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
      if (!PASSING.has(codeOf(error)) || attempt >= TRIES_MAX) throw error
      await awayFromOthers(attempt)
    }
  }
}

/** Postgres ended a statement because it met another one. Nothing of it was done. */
export function hasLostToAnother(error: unknown): boolean {
  return LOST.has(codeOf(error))
}

/** A moment that differs from one to the next, and grows with the attempts. */
export async function awayFromOthers(attempt: number): Promise<void> {
  await wait(Math.random() * 20 * 2 ** Math.min(attempt, TRIES_MAX))
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
