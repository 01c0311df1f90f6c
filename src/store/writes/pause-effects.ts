import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'
import { keptBack, type PauseScope } from './pauses.ts'

export type WaitingWrites = { readonly n: number; readonly isMore: boolean }

/** More are not counted: a page that has to be quick says "more than". */
const COUNTED_MAX = 10_000

/** Owner writes that a pause of this scope keeps back. Those of another pause are among them, where both cover them. */
export async function writesWaiting(db: Kysely<Tables>, scope: PauseScope): Promise<WaitingWrites> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from (
      select 1 from intent i where i.state = 'pending' and ${keptBack(scope)} limit ${COUNTED_MAX + 1}) x`.execute(db)
  const n = rows[0]!.n
  return { n: Math.min(n, COUNTED_MAX), isMore: n > COUNTED_MAX }
}

/** What had left when the pause took effect, and how much of it the CRM has answered since. */
export async function grantsOf(
  db: Kysely<Tables>,
  pauseId: number,
): Promise<{ readonly n: number; readonly answered: number }> {
  const { rows } = await sql<{ n: number; answered: number }>`
    select count(*)::int as n, count(*) filter (where exists (
      select 1 from write_answer w where w.attempt_id = g.attempt_id and w.outcome <> 'unknown'))::int as answered
    from pause_grant g where g.pause_id = ${pauseId}`.execute(db)
  return rows[0]!
}
