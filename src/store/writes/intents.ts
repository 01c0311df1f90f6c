import { type Kysely, sql } from 'kysely'
import type { TaskAnchor } from '../../model/decision/task-anchor.ts'
import { WRITES } from '../connections/write-permission.ts'
import type { Tables } from '../database/tables.ts'
import { type NotSent, PAUSES } from './not-sent.ts'
import { SHIPPED_TIMING, type WriteTiming } from './write-timing.ts'

/** How long a worker may hold an intent before another may take it, by the database's clock. Over every CRM deadline. */
export const LEASE_S = 120

/**
 * What may be claimed now, of `intent q`: nothing while its connection is only read, no new write of a task that its
 * workflow may not write, and no new owner write under a pause: decide keeps that up to date meanwhile. Which workflows are
 * paused is asked once and not for each write that waits. `sending` past its lease, or under a process that gives no sign of
 * life: a worker died in mid-call; the time before which nobody may take it over is `next_attempt_at` there too, as the gate
 * set it. One writer per task at a time: where the CRM enforces no key, two creates would be two tasks. A task that a person
 * has just closed is left alone until it is known whether the case is gone, and one of which only the list changes rests
 * between two writes.
 */
const due = (connectionId: string, { deadAfterMs }: WriteTiming) => sql`(
  exists (select 1 from connection c where c.id = q.connection_id and ${WRITES})
  and q.next_attempt_at <= clock_timestamp()
  and (q.state in ('pending', 'unknown')
    or q.state = 'sending' and (q.lease_until < clock_timestamp() or not exists (
      select 1 from process_beat b where b.instance = q.lease_by
        and b.beat_at > clock_timestamp() - ${deadAfterMs} * interval '1 millisecond')))
  and (q.state <> 'pending' or q.task_id is null or not exists (
    select 1 from intent o where o.task_id = q.task_id and o.kind in ('task', 'job')
      and o.state in ('sending', 'unknown')))
  and (q.state <> 'pending' or q.task_id is null or exists (
    select 1 from permit p where p.connection_id = q.connection_id and p.workflow = q.workflow
      and permit_kind(q.kind) = any(p.kinds)))
  and (q.state <> 'pending' or q.kind <> 'owner' or q.workflow <> all(array(
    select p.workflow from permit p where p.connection_id = ${connectionId} and p.why = any(${PAUSES}::text[]))))
  and (q.state <> 'pending' or q.kind <> 'owner' or not exists (
    select 1 from permit p where p.connection_id = q.connection_id and p.workflow = q.workflow
      and q.payload->>'branch' = any(p.paused_branches)))
  and (q.task_id is null or not exists (
    select 1 from task t where t.id = q.task_id and t.status = 'open' and t.checking_since is not null))
  and (q.kind <> 'task' or q.state <> 'pending' or not exists (
    select 1 from task t where t.id = q.task_id and t.rests_until > clock_timestamp())))`

export type OwnerPayload = {
  readonly field: string
  readonly from: string | null
  readonly to: string
  readonly toEmail: string
  readonly rule: string
  readonly branch: string
  readonly settles: readonly string[]
  /** Marks that let the rule decide it. Absent: none was needed. */
  readonly marks?: readonly number[]
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
  /** One of our own attempts may have written it: none of them is known to have failed. */
  readonly mayBeWritten: boolean
  /** How long ago it was last let through the gate. Null: never. */
  readonly sentAgoMs: number | null
  /** Decided before writing was last allowed, perhaps long ago: what was true then may not be so now. */
  readonly isFromBefore: boolean
  /** The record was decided otherwise while it was being sent. */
  readonly isTakenBack: boolean
  /** Of a task that a lost answer may have made: searches that did not show it. */
  readonly emptySearches: number
}

/** A task to be written. Its content is read when it is sent. */
export type TaskIntent = Claim & {
  readonly kind: 'task'
  readonly taskId: number
  /** The record that an earlier call of this intent named. Null: none, as far as is kept. */
  readonly sentAbout: TaskAnchor | null
}

/** An owner to be written to a record. */
export type OwnerIntent = Claim & {
  readonly kind: 'owner'
  readonly taskId: null
  readonly objectType: string
  readonly recordId: string
  readonly payload: OwnerPayload
  /** Of its workflow when it was decided. */
  readonly versionTurn: number
  /** It arose from nothing but a new version. */
  readonly backlog: boolean
}

/** A task of ours that has to be hung on its record. */
export type LinkIntent = Claim & { readonly kind: 'link'; readonly taskId: number }

/** A task that hangs on no record. Its content is read when it is sent. */
export type JobIntent = Claim & { readonly kind: 'job'; readonly taskId: number }

/** A second task of one case that has to be closed. */
export type RepairIntent = Claim & { readonly kind: 'repair'; readonly taskId: number; readonly crmTaskId: string }

export type ClaimedIntent = TaskIntent | OwnerIntent | LinkIntent | RepairIntent | JobIntent

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
  may_be_written: boolean
  sent_ago_ms: number | null
  from_before: boolean
  taken_back: boolean
  empty_searches: number
} & (
  | { kind: 'task'; task_id: number; payload: { readonly about?: TaskAnchor | null } }
  | { kind: 'link'; task_id: number }
  | { kind: 'job'; task_id: number }
  | { kind: 'repair'; task_id: number; crm_id: string }
  | {
      kind: 'owner'
      object_type: string
      record_id: string
      payload: OwnerPayload
      backlog: boolean
      version_turn: number
    }
)

/** Claims what is due, with a new lease. `sending` past its lease means that a worker died mid-call. */
export async function claimIntents<Kind extends ClaimedIntent['kind']>(
  db: Kysely<Tables>,
  connectionId: string,
  kind: Kind,
  limit: number,
  instance: string,
  timing = SHIPPED_TIMING,
): Promise<Extract<ClaimedIntent, { kind: Kind }>[]> {
  const { rows } = await sql<ClaimedRow>`
    update intent i set state = 'sending', lease_by = ${instance}, lease_epoch = i.lease_epoch + 1, attempts = i.attempts + 1,
      lease_until = clock_timestamp() + ${LEASE_S} * interval '1 second'
    from (
      select id, state as before from intent q
      where connection_id = ${connectionId} and kind = ${kind} and ${due(connectionId, timing)}
      order by next_attempt_at, id
      limit ${limit}
      for update skip locked
    ) due
    where i.id = due.id
    returning i.id, i.connection_id, i.workflow, i.kind, i.task_id, i.object_type, i.record_id, i.payload, i.crm_id,
              i.policy_hash, i.version_turn, i.backlog, i.receipt_seq, i.lease_epoch, i.attempts, i.created_at, due.before,
              due.before <> 'pending' or exists (select 1 from write_attempt a where a.intent_id = i.id and not exists (
                select 1 from write_answer w where w.attempt_id = a.id and w.outcome in ('refused', 'gone', 'not-written')
              )) as may_be_written,
              (extract(epoch from clock_timestamp() - i.granted_at) * 1000)::float8 as sent_ago_ms,
              (select i.created_at < c.writes_since from connection c where c.id = i.connection_id) as from_before,
              i.not_sent is not distinct from 'decided-otherwise' as taken_back, i.empty_searches`.execute(db)
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
    mayBeWritten: row.may_be_written,
    sentAgoMs: row.sent_ago_ms,
    isFromBefore: row.from_before,
    isTakenBack: row.taken_back,
    emptySearches: row.empty_searches,
  }
  if (row.kind === 'task') {
    return { ...claim, kind: 'task', taskId: row.task_id, sentAbout: row.payload.about ?? null }
  }
  if (row.kind === 'link') return { ...claim, kind: 'link', taskId: row.task_id }
  if (row.kind === 'job') return { ...claim, kind: 'job', taskId: row.task_id }
  if (row.kind === 'repair') return { ...claim, kind: 'repair', taskId: row.task_id, crmTaskId: row.crm_id }
  const { object_type: objectType, record_id: recordId, payload, version_turn: versionTurn, backlog } = row
  return { ...claim, kind: 'owner', taskId: null, objectType, recordId, payload, versionTurn, backlog }
}

/**
 * Before the CRM is called: what will be sent stands in the intent (M14), and the lease is renewed. Returns the ids that are
 * still ours. Whether they may leave is for the gate to say, directly before the bytes do.
 */
export async function holdForSending(
  db: Kysely<Tables>,
  items: readonly { readonly id: number; readonly leaseEpoch: number; readonly payload: unknown }[],
): Promise<Set<number>> {
  if (items.length === 0) return new Set()
  const { rows } = await sql<{ id: number }>`
    update intent i set payload = x.p::jsonb, empty_searches = 0, lease_until = clock_timestamp() + ${LEASE_S} * interval '1 second'
    from unnest(${items.map((i) => i.id)}::bigint[], ${items.map((i) => i.leaseEpoch)}::int[],
                ${items.map((i) => JSON.stringify(i.payload))}::text[]) as x(id, e, p)
    where i.id = x.id and i.lease_epoch = x.e and i.state = 'sending'
    returning i.id`.execute(db)
  return new Set(rows.map((row) => row.id))
}

export type IntentResult = {
  readonly id: number
  readonly leaseEpoch: number
  readonly state: 'pending' | 'done' | 'unknown' | 'refused' | 'cancelled'
  readonly outcome: string | null
  readonly crmId: string | null
  /** For pending and unknown: after how long to try again, by the database's clock. */
  readonly retryInMs: number | null
  /** Why the gate did not let it leave. */
  readonly notSent?: NotSent
  /** The CRM refused, and it is tried again much later. */
  readonly refused?: boolean
  /** Why the CRM did not take the record that the task should hang on. */
  readonly notHung?: string
  /** The task does not hang on its record yet. */
  readonly unlinked?: boolean
  /** The task was deleted in the CRM, or the record whose owner it is. */
  readonly gone?: boolean
  /** An attempt may have been written, and what is there now does not tell. */
  readonly isUnproven?: boolean
}

/** Writes the outcomes whose lease is still ours and returns their ids; the others were taken over meanwhile. */
export async function finishIntents(trx: Kysely<Tables>, results: readonly IntentResult[]): Promise<Set<number>> {
  if (results.length === 0) return new Set()
  const { rows } = await sql<{ id: number }>`
    update intent i set
      state = case when x.s = 'pending' and i.kind in ('task', 'link', 'job') and exists (
          select 1 from intent p where p.task_id = i.task_id and p.kind = i.kind and p.state = 'pending' and p.id <> i.id
        ) then 'cancelled' else x.s end,
      outcome = x.o, crm_id = coalesce(x.c, i.crm_id), lease_until = null,
      -- what may have been written is not looked for before the CRM has surely ended its work, as the gate noted
      next_attempt_at = greatest(clock_timestamp() + x.n * interval '1 millisecond',
        case when x.s = 'unknown' or x.n is null then i.next_attempt_at end),
      -- what a decision took back stays so until that is known
      not_sent = coalesce(x.ns, case when x.s in ('pending', 'unknown') and i.not_sent = 'decided-otherwise' then i.not_sent end),
      not_sent_at = case when x.ns is not null then clock_timestamp()
        when x.s in ('pending', 'unknown') and i.not_sent = 'decided-otherwise' then i.not_sent_at end,
      finished_at = case when x.s in ('done', 'refused', 'cancelled') then now() end
    from jsonb_to_recordset(${JSON.stringify(
      results.map((r) => ({
        id: r.id,
        e: r.leaseEpoch,
        s: r.state,
        o: r.outcome,
        c: r.crmId,
        n: r.retryInMs,
        ns: r.notSent ?? null,
      })),
    )}::jsonb) as x(id bigint, e int, s text, o text, c text, n float8, ns text)
    where i.id = x.id and i.lease_epoch = x.e and i.state = 'sending'
    returning i.id`.execute(trx)
  return new Set(rows.map((row) => row.id))
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
export async function nextDeparture(
  db: Kysely<Tables>,
  connectionId: string,
  full: number,
  timing = SHIPPED_TIMING,
): Promise<number | null> {
  const { rows } = await sql<{ n: number; urgent: boolean; waited_ms: number }>`
    select count(*)::int as n, coalesce(bool_or(state <> 'pending' or attempts > 0), false) as urgent,
      coalesce(extract(epoch from clock_timestamp() - min(created_at)) * 1000, 0)::float8 as waited_ms
    from (
      select state, attempts, created_at from intent q
      where connection_id = ${connectionId} and ${due(connectionId, timing)}
      order by next_attempt_at
      limit ${full}
    ) due`.execute(db)
  const { n, urgent, waited_ms: waitedMs } = rows[0]!
  if (n === 0) return null
  return urgent || n >= full ? 0 : Math.max(0, Math.ceil(DEPARTURE_AFTER_MS - waitedMs))
}
