import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'
import { ConnectionEndedError } from './lifecycle-lock.ts'

export type BaselineObject = {
  readonly done: boolean
  readonly cursor: string | null
  readonly count: number
  readonly total: number | null
  /** What was asked for when it began. */
  readonly fields?: readonly string[]
  /** What any page so far had to leave out. */
  readonly hidden?: readonly string[]
  /** The CRM did not let us read it, or no further: done so that nothing waits for it. */
  readonly isRefused?: boolean
}
export type Baseline = {
  readonly done: boolean
  /** When the import began: polls find what changes later from here on. Epoch milliseconds. */
  readonly startedAtMs?: number
  readonly objects: Readonly<Record<string, BaselineObject>>
  /** How many records had been read when, over the last minute: what the rate is worked out from. */
  readonly samples?: readonly { readonly atMs: number; readonly count: number }[]
}

/** Overwrites whatever was there, for tests. An import calls `advanceBaseline`. */
export async function saveBaseline(trx: Kysely<Tables>, connectionId: string, baseline: Baseline): Promise<void> {
  await sql`update connection set baseline = ${JSON.stringify(baseline)}::jsonb where id = ${connectionId}`.execute(trx)
}

export type StartedBaseline = Baseline & { readonly startedAtMs: number }

/**
 * Notes when the import began, unless it has begun before, and returns that. What began is told from what an erasure has
 * reset since by this time. Throws `ConnectionEndedError`.
 */
export async function beginBaseline(db: Kysely<Tables>, connectionId: string, nowMs: number): Promise<number> {
  const { rows } = await sql<{ startedAtMs: number }>`
    update connection
    set baseline = baseline || jsonb_build_object('startedAtMs', coalesce((baseline->>'startedAtMs')::bigint, ${nowMs}::bigint))
    where id = ${connectionId} and status <> 'disconnected'
    returning (baseline->>'startedAtMs')::bigint as "startedAtMs"`.execute(db)
  if (!rows[0]) throw new ConnectionEndedError(connectionId)
  return rows[0].startedAtMs
}

/**
 * How far the import is. Throws `ConnectionEndedError` when the connection was ended, or when its history was erased and it
 * has begun anew: an import from before would have the new one leave out what it has read itself.
 */
export async function advanceBaseline(
  trx: Kysely<Tables>,
  connectionId: string,
  baseline: StartedBaseline,
): Promise<void> {
  const { rows } = await sql`
    update connection set baseline = ${JSON.stringify(baseline)}::jsonb
    where id = ${connectionId} and status <> 'disconnected'
      and (baseline->>'startedAtMs')::bigint = ${baseline.startedAtMs}
    returning 1`.execute(trx)
  if (rows.length === 0) throw new ConnectionEndedError(connectionId)
}
