import { type Kysely, sql } from 'kysely'
import { canonicalZone } from '../../model/calendar/known-zone.ts'
import type { OwnerWrite } from '../../model/decision/owner-write.ts'
import type { WrittenOwner } from '../../model/record/as-written.ts'
import type { Tables } from '../database/tables.ts'

/** The longest wait for a write that is wanted again and again and given up each time. */
const BACKOFF_MAX_S = 3_600

/**
 * Owner writes that rules decided. Returns the ids of those that are new, by `workflow\nobject/record`. A record has one
 * write at a time, so of two workflows that want one the second gets none.
 */
export async function insertOwnerIntents(
  trx: Kysely<Tables>,
  connectionId: string,
  items: readonly {
    readonly workflow: string
    readonly objectType: string
    readonly recordId: string
    readonly write: OwnerWrite
    readonly policyHash: string
    readonly versionTurn: number
    /** It arises from nothing but a new version, which this application applies to the backlog. Null: it would come anyway. */
    readonly applicationId: number | null
  }[],
): Promise<Map<string, number>> {
  if (items.length === 0) return new Map()
  const rows = items.map((item) => {
    const { receipt: _receipt, ...payload } = item.write
    const { workflow: w, objectType: t, recordId: r, policyHash: h, versionTurn: v, applicationId: a } = item
    return { w, t, r, p: payload, h, v, a }
  })
  // 2 s, 4 s ... an hour for each time that the same write was given up for a reason that no decision can see, as decide
  // would only want it again. What the gate kept back is seen.
  const backoff = sql`coalesce((
    select least(${BACKOFF_MAX_S}, power(2, least(count(*), 12))) from intent c
    where c.kind = 'owner' and c.connection_id = ${connectionId} and c.object_type = x.t and c.record_id = x.r
      and c.workflow = x.w and c.state = 'cancelled' and c.not_sent is null and c.payload->>'to' = x.p->>'to'
      and c.payload->>'from' is not distinct from x.p->>'from' and c.finished_at > clock_timestamp() - interval '1 day'
    having count(*) > 0), 0)`
  const { rows: inserted } = await sql<{ id: number; workflow: string; object_type: string; record_id: string }>`
    insert into intent (connection_id, workflow, kind, object_type, record_id, payload, policy_hash, version_turn, backlog,
      application_id, created_at, next_attempt_at)
    -- not now(): a transaction that began before writing was allowed may decide after it
    select ${connectionId}, w, 'owner', t, r, p, h, v, a is not null, a, clock_timestamp(),
      clock_timestamp() + ${backoff} * interval '1 second'
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(w text, t text, r text, p jsonb, h text, v int, a bigint)
    order by t, r, w
    on conflict (connection_id, object_type, record_id)
      where kind = 'owner' and state in ('pending', 'sending', 'unknown') do nothing
    returning id, workflow, object_type, record_id`.execute(trx)
  return new Map(inserted.map((row) => [`${row.workflow}\n${row.object_type}/${row.record_id}`, row.id]))
}

/**
 * Takes back owner writes, where the record is decided otherwise now: not at all, because an input is not known or a case
 * holds it, to somebody else, or by another branch or other marks, which the gate would not know of. One that waits ends. One that is being sent is taken over: the gate lets no further
 * request of it leave, and once the CRM has surely ended its work it is read back instead of sent again. Returns what
 * ended, by `workflow\nobject/record`, and whether it had arisen from a version alone.
 */
export async function withdrawOwnerIntents(
  trx: Kysely<Tables>,
  connectionId: string,
  decided: readonly {
    readonly workflow: string
    readonly objectType: string
    readonly recordId: string
    /** Null: nothing is to be written. */
    readonly write: OwnerWrite | null
  }[],
): Promise<Map<string, { readonly backlog: boolean }>> {
  if (decided.length === 0) return new Map()
  const rows = decided.map(({ workflow: w, objectType: t, recordId: r, write }) => ({
    ...{ w, t, r, o: write?.to ?? null },
    // What the gate asks of it: the branch that may be paused, and the marks without which it may not leave.
    ...{ b: write?.branch ?? null, m: write?.marks ?? [] },
  }))
  const { rows: withdrawn } = await sql<{ key: string; backlog: boolean }>`
    with withdrawn as materialized (
      select i.id from intent i
      join jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(w text, t text, r text, o text, b text, m jsonb)
        on i.object_type = x.t and i.record_id = x.r and i.workflow = x.w
      where i.connection_id = ${connectionId} and i.kind = 'owner' and i.state in ('pending', 'sending', 'unknown')
        and (i.payload->>'to' is distinct from x.o or i.payload->>'branch' is distinct from x.b
          or coalesce(i.payload->'marks', '[]') <> x.m)
        -- one that our copy shows to be written is not wanted again because it is done
        and (i.state = 'pending' or not exists (
          select 1 from record r where r.connection_id = i.connection_id and r.object_type = i.object_type
            and r.record_id = i.record_id and r.owner_id = i.payload->>'to'))
      order by i.id for update of i
    ), taken_back as (
      update intent i set not_sent = 'decided-otherwise', not_sent_at = clock_timestamp(), lease_until = null,
        lease_epoch = i.lease_epoch + 1, state = case i.state when 'pending' then 'cancelled' else 'unknown' end,
        finished_at = case i.state when 'pending' then clock_timestamp() end,
        outcome = case i.state when 'pending' then 'The record is decided otherwise now' else i.outcome end
      from withdrawn w where i.id = w.id and (i.state in ('pending', 'sending')
        or i.state = 'unknown' and i.not_sent is distinct from 'decided-otherwise')
      returning i.*
    )
    select workflow || e'\\n' || object_type || '/' || record_id as key, backlog from taken_back
    where state = 'cancelled'`.execute(trx)
  return new Map(withdrawn.map(({ key, backlog }) => [key, { backlog }]))
}

/** What the CRM would not write may be asked for again after this long, by the database's clock: rules there change too. */
const TRY_AGAIN_AFTER_H = 24

export type RefusedIntent = {
  readonly to: string
  /** What the CRM said. */
  readonly why: string
  readonly policyHash: string
  /** How long from now it stands without more; negative: no longer. */
  readonly standsForMs: number
}

/**
 * How long our own write may take to come back as a change of the record. Until then our copy still shows the owner of
 * before, and a decision on it would want the same write again. A portal that is polled is asked every minute.
 */
const HEARD_WITHIN_S = 120

export type OwnerIntents = {
  /** Workflows whose write is on its way: at most one per record. */
  readonly underWay: ReadonlySet<string>
  /** Those of them whose write was made, and our copy of the record has not heard of it yet, with what was written. */
  readonly unheard: ReadonlyMap<string, WrittenOwner>
  /** By workflow: its newest write, where the CRM refused that one. */
  readonly refused: ReadonlyMap<string, RefusedIntent>
}

type Of = { underWay: Set<string>; unheard: Map<string, WrittenOwner>; refused: Map<string, RefusedIntent> }

/** What became of the owner writes of these records, by `object/record`. Absent: nothing that a decision must know. */
export async function ownerIntentsOf(
  trx: Kysely<Tables>,
  connectionId: string,
  records: readonly { objectType: string; recordId: string }[],
): Promise<Map<string, OwnerIntents>> {
  const found = new Map<string, Of>()
  if (records.length === 0) return found
  const { rows } = await sql<{
    object_type: string
    record_id: string
    workflow: string
    policy_hash: string
    to: string
    state: string
    outcome: string | null
    unheard: boolean
    field: string
    finished_at: Date | null
    stands_for_ms: number
  }>`
    select distinct on (i.object_type, i.record_id, i.workflow)
      i.object_type, i.record_id, i.workflow, i.policy_hash, i.payload->>'to' as to, i.state, i.outcome,
      i.state = 'done' and i.finished_at > clock_timestamp() - ${HEARD_WITHIN_S} * interval '1 second'
        and r.owner_id is not distinct from i.payload->>'from' as unheard,
      i.payload->>'field' as field, i.finished_at,
      (extract(epoch from i.finished_at + ${TRY_AGAIN_AFTER_H} * interval '1 hour' - clock_timestamp()) * 1000)::float8
        as stands_for_ms
    from intent i
    join unnest(${records.map((r) => r.objectType)}::text[], ${records.map((r) => r.recordId)}::text[]) as w(t, r)
      on w.t = i.object_type and w.r = i.record_id
    join record r on r.connection_id = i.connection_id and r.object_type = i.object_type and r.record_id = i.record_id
    -- cancelled: the CRM was not asked, so its last word still stands
    where i.connection_id = ${connectionId} and i.kind = 'owner' and i.state <> 'cancelled'
    order by i.object_type, i.record_id, i.workflow, i.id desc`.execute(trx)
  for (const row of rows) {
    if (row.state === 'done' && !row.unheard) continue
    const key = `${row.object_type}/${row.record_id}`
    const of: Of = found.get(key) ?? { underWay: new Set(), unheard: new Map(), refused: new Map() }
    found.set(key, of)
    if (row.unheard) {
      const { field, to, finished_at } = row
      of.unheard.set(row.workflow, { field, to, atMs: finished_at!.getTime() })
    }
    if (row.state === 'refused') {
      const { to, outcome, policy_hash: policyHash, stands_for_ms: standsForMs } = row
      of.refused.set(row.workflow, { to, why: outcome ?? 'no reason given', policyHash, standsForMs })
    } else of.underWay.add(row.workflow)
  }
  return found
}

/**
 * The owners that we are about to write, or have written and not heard of yet, of records of any connection, by
 * `connection/object/record`.
 */
export async function plannedOwners(
  trx: Kysely<Tables>,
  records: readonly { readonly connectionId: string; readonly objectType: string; readonly recordId: string }[],
): Promise<Map<string, WrittenOwner>> {
  if (records.length === 0) return new Map()
  const { rows } = await sql<{ c: string; o: string; r: string; field: string; to: string; at: Date }>`
    select distinct on (i.connection_id, i.object_type, i.record_id) i.connection_id as c, i.object_type as o,
      i.record_id as r, i.payload->>'field' as field, i.payload->>'to' as to, clock_timestamp() as at
    from unnest(${records.map((r) => r.connectionId)}::text[], ${records.map((r) => r.objectType)}::text[],
      ${records.map((r) => r.recordId)}::text[]) as w(c, t, r)
    cross join lateral (select * from intent i where i.connection_id = w.c and i.object_type = w.t and i.record_id = w.r
      and i.kind = 'owner' and i.state not in ('cancelled', 'refused') order by i.id desc limit 1) i
    join record r on r.connection_id = i.connection_id and r.object_type = i.object_type and r.record_id = i.record_id
    where i.state <> 'done' or (i.finished_at > clock_timestamp() - ${HEARD_WITHIN_S} * interval '1 second'
      and r.owner_id is not distinct from i.payload->>'from')
    order by i.connection_id, i.object_type, i.record_id`.execute(trx)
  return new Map(rows.map(({ c, o, r, field, to, at }) => [`${c}/${o}/${r}`, { field, to, atMs: at.getTime() }]))
}

export type WrittenToday = {
  /** Owner writes made or on their way since midnight. */
  readonly written: number
  readonly nextMidnightMs: number
}

/**
 * How many owners this workflow wrote since midnight in its zone, by the database's clock. Until the transaction ends
 * nobody else counts for this workflow, so that two batches do not both take the last write of the day.
 */
export async function countOwnersToday(trx: Kysely<Tables>, workflow: string, timeZone: string): Promise<WrittenToday> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`pilot/${workflow}`}, 0))`.execute(trx)
  // Postgres takes "CET" for an abbreviation without summer time.
  const zone = canonicalZone(timeZone)
  const { rows } = await sql<{ written: number; next: Date }>`
    select (select count(*)::int from intent
            where kind = 'owner' and workflow = ${workflow} and state not in ('cancelled', 'refused')
              and created_at >= date_trunc('day', clock_timestamp() at time zone ${zone}) at time zone ${zone}
           ) as written,
           (date_trunc('day', clock_timestamp() at time zone ${zone}) + interval '1 day') at time zone ${zone} as next`.execute(
    trx,
  )
  return { written: rows[0]!.written, nextMidnightMs: rows[0]!.next.getTime() }
}
