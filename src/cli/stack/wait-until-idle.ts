import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database } from '../../store/database/database.ts'
import { RESTS } from '../../store/decisions/resting-lists.ts'
import { waitingToGo } from '../../store/writes/backlog-applications.ts'

export type Backlog = {
  readonly events: number
  readonly toRead: number
  readonly toDecide: number
  readonly toWrite: number
  readonly baselines: number
}

/** Rows that some stage still has to work on. All zero: the pipeline is quiet. */
export async function backlog(db: Database): Promise<Backlog> {
  const { rows } = await sql<Backlog>`
    select
      (select count(*)::int from change_event where state = 'received') as events,
      (select count(*)::int from record where needs_read is not null)
        -- an id that the CRM has answered for without proof is asked about again later
        + (select count(*)::int from user_check u join connection c on c.id = u.connection_id
           where c.status = 'connected' and u.attempts = 0 and not u.said_gone) as "toRead",
      (select count(*)::int from record where dirty_since is not null)
        -- and what is still to be marked for a decision
        + (select count(*)::int from redecide_queue) + (select count(*)::int from join_queue)
        + (select count(*)::int from mark_queue)
        + (select count(*)::int from workflow_connection w join connection c on c.id = w.connection_id
           where c.status <> 'disconnected' and w.began_at is null and w.waits_for <> '{}')
        + (select count(*)::int from connection c where c.status = 'connected' and c.joined_at is null
           and (c.baseline->>'done')::boolean)
        -- what waits for a person is for later; what they applied the version to is not
        + (${waitingToGo}) as "toDecide",
      (select count(*)::int from intent i where state in ('pending', 'sending', 'unknown')
        and not ${RESTS})
        + (select count(*)::int from task where status = 'open' and checking_since is not null) as "toWrite",
      (select count(*)::int from connection where status <> 'disconnected' and not (baseline->>'done')::boolean)
        + (select case when count(*) = 0 then 1 else 0 end from connection)::int as baselines`.execute(db)
  return rows[0]!
}

export function isQuiet(now: Backlog): boolean {
  return now.events + now.toRead + now.toDecide + now.toWrite + now.baselines === 0
}

/**
 * Resolves when nothing has been waiting for `calmMs` without a break and `alsoQuiet` agrees. Rejects after `limitMs`,
 * naming what is still waiting.
 */
export async function untilQuiet(
  db: Database,
  options: {
    readonly calmMs: number
    readonly limitMs: number
    readonly alsoQuiet?: () => Promise<boolean>
    readonly onTick?: (now: Backlog) => void
  },
): Promise<void> {
  const givesUpAt = performance.now() + options.limitMs
  let calmSince: number | null = null
  for (;;) {
    const now = await backlog(db)
    options.onTick?.(now)
    const calm = isQuiet(now) && (options.alsoQuiet === undefined || (await options.alsoQuiet()))
    if (!calm) calmSince = null
    else if (calmSince === null) calmSince = performance.now()
    else if (performance.now() - calmSince >= options.calmMs) return
    if (performance.now() > givesUpAt) {
      throw new Error(
        `The pipeline was not quiet within ${options.limitMs / 1000} s: ${JSON.stringify(now)} still waiting`,
      )
    }
    await wait(200)
  }
}
