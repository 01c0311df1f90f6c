import { type Kysely, sql } from 'kysely'
import { WRITES } from '../connections/write-permission.ts'
import { DEAD_AFTER_S } from '../database/counters.ts'
import type { Tables } from '../database/tables.ts'

/** How long a worker may hold an intent before another may take it, by the database's clock. Over every CRM deadline. */
export const LEASE_S = 120

/**
 * What may be claimed now, of `intent q`: nothing while its connection is only read. `sending` past its lease, or under a
 * process that gives no sign of life: a worker died in mid-call. One writer per task at a time: where the CRM enforces no
 * key, two creates would be two tasks. A task that a person has just closed is left alone until it is known whether the
 * case is gone.
 */
const DUE = sql`(
  exists (select 1 from connection c where c.id = q.connection_id and ${WRITES}) and
  (q.state in ('pending', 'unknown') and q.next_attempt_at <= clock_timestamp()
    or q.state = 'sending' and (q.lease_until < clock_timestamp() or not exists (
      select 1 from process_beat b where b.instance = q.lease_by
        and b.beat_at > clock_timestamp() - ${DEAD_AFTER_S} * interval '1 second')))
  and (q.state <> 'pending' or q.task_id is null or not exists (
    select 1 from intent o where o.task_id = q.task_id and o.state in ('sending', 'unknown')))
  and (q.task_id is null or not exists (
    select 1 from task t where t.id = q.task_id and t.status = 'open' and t.checking_since is not null)))`

export type OwnerPayload = {
  readonly field: string
  readonly from: string | null
  readonly to: string
  readonly toEmail: string
  readonly rule: string
  readonly branch: string
  readonly settles: readonly string[]
}

type Claim = {
  readonly id: number
  readonly connectionId: string
  readonly workflow: string
  readonly policyHash: string
  readonly receiptSeq: number | null
  readonly leaseEpoch: number
  readonly attempts: number
  readonly createdAt: Date
  /** True: a call may have reached the CRM before; read back before anything is sent again. */
  readonly readBack: boolean
  /** Decided before writing was last allowed, perhaps long ago: what was true then may not be so now. */
  readonly isFromBefore: boolean
}

/** A task to be written. It has no payload yet: its content is read when it is sent. */
export type TaskIntent = Claim & { readonly kind: 'task'; readonly taskId: number }

/** An owner to be written to a record. */
export type OwnerIntent = Claim & {
  readonly kind: 'owner'
  readonly taskId: null
  readonly objectType: string
  readonly recordId: string
  readonly payload: OwnerPayload
}

export type ClaimedIntent = TaskIntent | OwnerIntent

/**
 * Tasks that should be looked at again by act. At most one waits per task, because the content is read when it is
 * written, not when it is asked for.
 */
export async function requestTaskWrites(
  trx: Kysely<Tables>,
  connectionId: string,
  tasks: readonly { readonly taskId: number; readonly workflow: string; readonly policyHash: string }[],
): Promise<void> {
  if (tasks.length === 0) return
  const unique = [...new Map(tasks.map((t) => [t.taskId, t])).values()]
  await sql`
    insert into intent (connection_id, workflow, kind, task_id, payload, policy_hash)
    select ${connectionId}, w, 'task', t, '{}'::jsonb, h
    from unnest(${unique.map((t) => t.taskId)}::bigint[], ${unique.map((t) => t.workflow)}::text[],
                ${unique.map((t) => t.policyHash)}::text[]) as x(t, w, h)
    on conflict (task_id) where kind = 'task' and state = 'pending' do nothing`.execute(trx)
}

type ClaimedRow = {
  id: number
  connection_id: string
  workflow: string
  policy_hash: string
  receipt_seq: number | null
  lease_epoch: number
  attempts: number
  created_at: Date
  before: string
  from_before: boolean
} & (
  | { kind: 'task'; task_id: number }
  | { kind: 'owner'; object_type: string; record_id: string; payload: OwnerPayload }
)

/** Claims what is due, with a new lease. `sending` past its lease means that a worker died mid-call. */
export async function claimIntents<Kind extends ClaimedIntent['kind']>(
  db: Kysely<Tables>,
  connectionId: string,
  kind: Kind,
  limit: number,
  instance: string,
): Promise<Extract<ClaimedIntent, { kind: Kind }>[]> {
  const { rows } = await sql<ClaimedRow>`
    update intent i set state = 'sending', lease_by = ${instance}, lease_epoch = i.lease_epoch + 1, attempts = i.attempts + 1,
      lease_until = clock_timestamp() + ${LEASE_S} * interval '1 second'
    from (
      select id, state as before from intent q
      where connection_id = ${connectionId} and kind = ${kind} and ${DUE}
      order by next_attempt_at, id
      limit ${limit}
      for update skip locked
    ) due
    where i.id = due.id
    returning i.id, i.connection_id, i.workflow, i.kind, i.task_id, i.object_type, i.record_id, i.payload, i.policy_hash,
              i.receipt_seq, i.lease_epoch, i.attempts, i.created_at, due.before,
              (select i.created_at < c.writes_since from connection c where c.id = i.connection_id) as from_before`.execute(
    db,
  )
  // The statement asks for rows of this kind only.
  return rows.map(toIntent) as Extract<ClaimedIntent, { kind: Kind }>[]
}

function toIntent(row: ClaimedRow): ClaimedIntent {
  const claim: Claim = {
    id: row.id,
    connectionId: row.connection_id,
    workflow: row.workflow,
    policyHash: row.policy_hash,
    receiptSeq: row.receipt_seq,
    leaseEpoch: row.lease_epoch,
    attempts: row.attempts,
    createdAt: row.created_at,
    readBack: row.before !== 'pending',
    isFromBefore: row.from_before,
  }
  if (row.kind === 'task') return { ...claim, kind: 'task', taskId: row.task_id }
  const { object_type: objectType, record_id: recordId, payload } = row
  return { ...claim, kind: 'owner', taskId: null, objectType, recordId, payload }
}

/**
 * The last step before the CRM is called: what will be sent stands in the intent (M14), and the lease is renewed. Returns
 * the ids that may be sent. A worker that was paused and overtaken meanwhile gets none back, nor does one whose connection
 * has become read only: it must send nothing.
 */
export async function holdForSending(
  db: Kysely<Tables>,
  items: readonly { readonly id: number; readonly leaseEpoch: number; readonly payload: unknown }[],
): Promise<Set<number>> {
  if (items.length === 0) return new Set()
  const { rows } = await sql<{ id: number }>`
    update intent i set payload = x.p::jsonb, lease_until = clock_timestamp() + ${LEASE_S} * interval '1 second'
    from unnest(${items.map((i) => i.id)}::bigint[], ${items.map((i) => i.leaseEpoch)}::int[],
                ${items.map((i) => JSON.stringify(i.payload))}::text[]) as x(id, e, p)
    where i.id = x.id and i.lease_epoch = x.e and i.state = 'sending'
      and exists (select 1 from connection c where c.id = i.connection_id and ${WRITES})
    returning i.id`.execute(db)
  return new Set(rows.map((row) => row.id))
}

export type IntentResult = {
  readonly id: number
  readonly leaseEpoch: number
  readonly state: 'pending' | 'done' | 'unknown' | 'refused' | 'cancelled'
  readonly outcome: string | null
  readonly crmId: string | null
  /** For pending and unknown: when to try again. */
  readonly nextAttemptAtMs: number | null
  /** The CRM refused, and it is tried again much later. */
  readonly refused?: boolean
  /** The task was deleted in the CRM. */
  readonly gone?: boolean
}

/** Writes the outcomes whose lease is still ours and returns their ids; the others were taken over meanwhile. */
export async function finishIntents(trx: Kysely<Tables>, results: readonly IntentResult[]): Promise<Set<number>> {
  if (results.length === 0) return new Set()
  const { rows } = await sql<{ id: number }>`
    update intent i set
      state = case when x.s = 'pending' and i.kind = 'task' and exists (
          select 1 from intent p where p.task_id = i.task_id and p.kind = 'task' and p.state = 'pending' and p.id <> i.id
        ) then 'cancelled' else x.s end,
      outcome = x.o, crm_id = coalesce(x.c, i.crm_id), lease_until = null,
      next_attempt_at = coalesce(x.n, i.next_attempt_at),
      finished_at = case when x.s in ('done', 'refused', 'cancelled') then now() end
    from jsonb_to_recordset(${JSON.stringify(
      results.map((r) => ({
        id: r.id,
        e: r.leaseEpoch,
        s: r.state,
        o: r.outcome,
        c: r.crmId,
        n: r.nextAttemptAtMs === null ? null : new Date(r.nextAttemptAtMs).toISOString(),
      })),
    )}::jsonb) as x(id bigint, e int, s text, o text, c text, n timestamptz)
    where i.id = x.id and i.lease_epoch = x.e and i.state = 'sending'
    returning i.id`.execute(trx)
  return new Set(rows.map((row) => row.id))
}

/** What a finished owner write leaves behind: how its echo is recognised, and what an undo would restore. */
export async function rememberWrites(
  trx: Kysely<Tables>,
  writes: readonly {
    readonly connectionId: string
    readonly objectType: string
    readonly recordId: string
    readonly field: string
    readonly value: string
    readonly before: string | null
    readonly intentId: number
  }[],
): Promise<void> {
  if (writes.length === 0) return
  await sql`
    insert into written_value (connection_id, object_type, record_id, field, value, before, intent_id)
    select c, t, r, f, v, b, i
    from jsonb_to_recordset(${JSON.stringify(
      writes.map((w) => ({
        c: w.connectionId,
        t: w.objectType,
        r: w.recordId,
        f: w.field,
        v: w.value,
        b: w.before,
        i: w.intentId,
      })),
    )}::jsonb) as x(c text, t text, r text, f text, v text, b text, i bigint)
    on conflict (connection_id, object_type, record_id, field) do update
      set value = excluded.value, before = excluded.before, intent_id = excluded.intent_id, written_at = now()`.execute(
    trx,
  )
}

/** The values that we wrote to these records, by `object/record/field`. */
export async function writtenValues(
  db: Kysely<Tables>,
  connectionId: string,
  records: readonly { readonly objectType: string; readonly recordId: string }[],
): Promise<Map<string, { readonly value: string | null; readonly atMs: number }>> {
  if (records.length === 0) return new Map()
  const { rows } = await sql<{
    object_type: string
    record_id: string
    field: string
    value: string | null
    written_at: Date
  }>`
    select v.object_type, v.record_id, v.field, v.value, v.written_at
    from unnest(${records.map((r) => r.objectType)}::text[], ${records.map((r) => r.recordId)}::text[]) as w(t, i)
    join written_value v on v.connection_id = ${connectionId} and v.object_type = w.t and v.record_id = w.i`.execute(db)
  return new Map(
    rows.map((row) => [
      `${row.object_type}/${row.record_id}/${row.field}`,
      { value: row.value, atMs: row.written_at.getTime() },
    ]),
  )
}

export async function setIntentReceipts(
  trx: Kysely<Tables>,
  receipts: readonly { readonly id: number; readonly seq: number }[],
): Promise<void> {
  if (receipts.length === 0) return
  await sql`update intent i set receipt_seq = x.seq
    from unnest(${receipts.map((r) => r.id)}::bigint[], ${receipts.map((r) => r.seq)}::bigint[]) as x(id, seq)
    where i.id = x.id`.execute(trx)
}

/**
 * A batch leaves when it is full or its first passenger has waited this long: at 200 events a second a call then carries
 * tens of writes instead of two or three (bench/stack-load.ts: 73 calls per 1,000 events without it). Well inside the
 * two seconds from a change to its task.
 */
const DEPARTURE_AFTER_MS = 1_250

/** Milliseconds until there is a batch worth a call: 0 is now, null is nothing waiting. */
export async function nextDeparture(db: Kysely<Tables>, connectionId: string, full: number): Promise<number | null> {
  const { rows } = await sql<{ n: number; urgent: boolean; waited_ms: number }>`
    select count(*)::int as n, coalesce(bool_or(state <> 'pending' or attempts > 0), false) as urgent,
      coalesce(extract(epoch from clock_timestamp() - min(created_at)) * 1000, 0)::float8 as waited_ms
    from (
      select state, attempts, created_at from intent q
      where connection_id = ${connectionId} and ${DUE}
      order by next_attempt_at
      limit ${full}
    ) due`.execute(db)
  const { n, urgent, waited_ms: waitedMs } = rows[0]!
  if (n === 0) return null
  return urgent || n >= full ? 0 : Math.max(0, Math.ceil(DEPARTURE_AFTER_MS - waitedMs))
}
