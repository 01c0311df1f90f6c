import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/** What we learned about one attempt. */
export type WriteAnswer = {
  readonly attemptId: number
  readonly outcome: 'done' | 'refused' | 'gone' | 'unknown' | 'not-written'
  readonly why: string | null
  readonly status: number | null
  readonly requestId: string | null
  readonly crmId: string | null
  /** The field's value as the CRM answered it. Null also where its answer did not say. */
  readonly after: string | null
  /** Somebody else had taken the write over. */
  readonly late: boolean
}

/** Adds to the write log. What it says already stays. */
export async function recordAnswers(
  trx: Kysely<Tables>,
  connectionId: string,
  answers: readonly WriteAnswer[],
): Promise<void> {
  if (answers.length === 0) return
  await sql`
    insert into write_answer (connection_id, attempt_id, outcome, why, status, request_id, crm_id, after, late)
    select ${connectionId}, a, o, w, s, r, c, f, l
    from jsonb_to_recordset(${JSON.stringify(
      answers.map((one) => ({
        a: one.attemptId,
        o: one.outcome,
        w: one.why,
        s: one.status,
        r: one.requestId,
        c: one.crmId,
        f: one.after,
        l: one.late,
      })),
    )}::jsonb) as x(a bigint, o text, w text, s int, r text, c text, f text, l boolean)`.execute(trx)
}

/**
 * The attempts of earlier processes and runs that nobody has answered for these intents, newest first: what a read-back
 * finds is their answer.
 */
export async function unansweredAttempts(
  trx: Kysely<Tables>,
  intentIds: readonly number[],
): Promise<Map<number, number[]>> {
  if (intentIds.length === 0) return new Map()
  const { rows } = await sql<{ intent_id: number; ids: number[] }>`
    select a.intent_id, array_agg(a.id order by a.id desc) as ids from write_attempt a
    where a.intent_id = any(${intentIds}::bigint[]) and not exists (
      select 1 from write_answer w where w.attempt_id = a.id and w.outcome <> 'unknown')
    group by a.intent_id`.execute(trx)
  return new Map(rows.map((row) => [row.intent_id, row.ids]))
}

/**
 * Writes that are known to be done after somebody else had taken them over. That wins over "not yet" and "not known", and
 * over a successor that has not let anything leave. Returns those that it could finish; for the others the successor has
 * already written or given up, and the write log alone says what happened.
 */
export async function finishLate(
  trx: Kysely<Tables>,
  done: readonly { readonly id: number; readonly leaseEpoch: number; readonly crmId: string | null }[],
): Promise<Set<number>> {
  if (done.length === 0) return new Set()
  const { rows } = await sql<{ id: number }>`
    update intent i set state = 'done', outcome = 'Its answer came late', crm_id = coalesce(x.c, i.crm_id),
      lease_until = null, lease_epoch = i.lease_epoch + 1, finished_at = now(), not_sent = null, not_sent_at = null
    from unnest(${done.map(({ id }) => id)}::bigint[], ${done.map(({ leaseEpoch }) => leaseEpoch)}::int[],
                ${done.map(({ crmId }) => crmId)}::text[]) as x(id, e, c)
    where i.id = x.id and (i.state in ('pending', 'unknown') or i.state = 'sending' and not exists (
      select 1 from write_attempt a where a.intent_id = i.id and a.lease_epoch > x.e))
    returning i.id`.execute(trx)
  return new Set(rows.map((row) => row.id))
}
