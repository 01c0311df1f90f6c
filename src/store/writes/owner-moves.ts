import { type Kysely, sql } from 'kysely'
import type { OwnWrite } from '../../model/decision/owner-loop.ts'
import type { ChangeActor, FieldText } from '../../model/record/change-event.ts'
import type { Tables } from '../database/tables.ts'

/** Newest writes to one record that are looked at. A loop stops after a few, so older ones are no part of it. */
const WRITES_MAX = 48

const NOT_NAMED: ChangeActor = { kind: 'unknown', id: null, ours: false }

/**
 * Of records to which rules wrote more than one owner: what was written, oldest first, and who changed it in between. By
 * `object/record`. The order and the ages are those of the write log, so the CRM's clock does not matter.
 *
 * What somebody else did shows in our own writes: the next one found another owner than the last one left. The event of it
 * only tells who it was. After the last write there is no next one, so there the event is the evidence.
 */
export async function ownWritesOf(
  trx: Kysely<Tables>,
  connectionId: string,
  records: readonly { readonly objectType: string; readonly recordId: string }[],
): Promise<Map<string, OwnWrite[]>> {
  const found = new Map<string, OwnWrite[]>()
  if (records.length === 0) return found
  const { rows } = await sql<{
    object_type: string
    record_id: string
    workflow: string
    rule: string | null
    policy_hash: string
    value: FieldText
    ago_ms: number
    is_last: boolean
    next_value: FieldText
    by: ChangeActor | null
    by_ago_ms: number | null
  }>`
    with done as (
      select a.*, lead(a.before) over same as next_before, lead(a.granted_at) over same as next_at,
        lead(a.id) over same is null as is_last, count(*) over (partition by a.object_type, a.record_id) as n
      from unnest(${records.map((r) => r.objectType)}::text[], ${records.map((r) => r.recordId)}::text[]) as w(t, r)
      cross join lateral (
        select a.id, a.object_type, a.record_id, a.workflow, a.field, a.before, a.value, a.granted_at, i.policy_hash,
          i.payload->>'rule' as rule
        from write_attempt a join intent i on i.id = a.intent_id
        where a.connection_id = ${connectionId} and a.object_type = w.t and a.record_id = w.r and a.kind = 'action'
          and exists (select 1 from write_answer o where o.attempt_id = a.id and o.outcome = 'done')
        order by a.id desc limit ${WRITES_MAX}
      ) a
      window same as (partition by a.object_type, a.record_id order by a.id)
    ), steps as (
      select d.*, case when d.is_last then r.values->>d.field else d.next_before end as next_value
      from done d
      join record r on r.connection_id = ${connectionId} and r.object_type = d.object_type and r.record_id = d.record_id
      where d.n > 1
    )
    select s.object_type, s.record_id, s.workflow, s.rule, s.policy_hash, s.value, s.is_last, s.next_value,
      (extract(epoch from clock_timestamp() - s.granted_at) * 1000)::float8 as ago_ms, e.actor as by,
      (extract(epoch from clock_timestamp() - coalesce(e.received_at, s.next_at)) * 1000)::float8 as by_ago_ms
    from steps s
    left join lateral (
      select e.actor, e.received_at from change_event e
      where s.next_value is distinct from s.value and e.connection_id = ${connectionId}
        and e.object_type = s.object_type and e.record_id = s.record_id and e.fields ? s.field
        and e.fields->>s.field is not distinct from s.next_value
        and e.received_at >= s.granted_at and (s.is_last or e.received_at <= s.next_at)
      -- a later event with the same value changed nothing
      order by e.actor->>'kind' = 'unknown', e.id limit 1
    ) e on true
    order by s.object_type, s.record_id, s.id`.execute(trx)
  for (const row of rows) {
    const key = `${row.object_type}/${row.record_id}`
    const isTaken = row.next_value !== row.value && (!row.is_last || row.by !== null)
    const write: OwnWrite = {
      workflow: row.workflow,
      // An erasure takes the payload away, and the record with it.
      rule: row.rule ?? '',
      policyHash: row.policy_hash,
      to: row.value,
      agoMs: row.ago_ms,
      next: isTaken ? { actor: row.by ?? NOT_NAMED, value: row.next_value, agoMs: row.by_ago_ms ?? row.ago_ms } : null,
    }
    const writes = found.get(key)
    if (writes) writes.push(write)
    else found.set(key, [write])
  }
  return found
}
