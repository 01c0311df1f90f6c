import { type Kysely, type RawBuilder, sql } from 'kysely'
import type {
  ChangeActor,
  ChangeEvent,
  ChangeKind,
  ChangeSource,
  ConnectionId,
} from '../../model/record/change-event.ts'
import { storableEvent } from '../../model/record/storable-event.ts'
import { withoutTaskTexts } from '../../model/record/task-event.ts'
import { count } from '../database/counters.ts'
import type { Tables } from '../database/tables.ts'

/** An event as it waits in the table: its row id besides what the adapter made. */
export type StoredEvent = { readonly id: number; readonly event: ChangeEvent }

/**
 * Writes the events that are not there yet and says how many those were. The unique key (connection, dedupe key) is
 * what makes an event exactly once, however often it is delivered.
 */
export async function insertEvents(
  db: Kysely<Tables>,
  given: readonly ChangeEvent[],
  /** What has become of each already, its place in `given` as `id`. Without it they wait. */
  outcomes: readonly EventOutcome[] = [],
): Promise<number> {
  if (given.length === 0) return 0
  const outcomeAt = new Map(outcomes.map((outcome) => [outcome.id, outcome]))
  const kept = withoutTaskTexts(given).flatMap((event, n) => {
    const outcome = outcomeAt.get(n)
    const stored = storableEvent(outcome?.blank ? blanked(event) : event)
    return stored === null ? [] : [{ event: stored, outcome }]
  })
  await countUndated(db, given, given.length - kept.length)
  if (kept.length === 0) return 0
  const events = kept.map(({ event }) => event)
  const result = await sql`
    insert into change_event
      (attempts, retry_at, connection_id, dedupe_key, object_type, record_id, kind, occurred_at_ms, event_order, fields, field_changed,
       owner_history, answers_until_ms, complete, merged_ids, source, actor, state, skip_reason)
    select case when state = 'failed' then 1 else 0 end, case when state = 'failed' then ${RETRY_AT(sql`1`)} end,
           connection_id, dedupe_key, object_type, record_id, kind, occurred_at_ms, event_order, fields::jsonb,
           field_changed::jsonb, owner_history::jsonb, answers_until_ms, complete,
           case when merged_ids is null then null else array(select jsonb_array_elements_text(merged_ids::jsonb)) end,
           source, actor::jsonb, state, skip_reason
    from unnest(
      ${events.map((e) => e.connectionId)}::text[],
      ${events.map((e) => e.dedupeKey)}::text[],
      ${events.map((e) => e.objectType)}::text[],
      ${events.map((e) => e.recordId)}::text[],
      ${events.map((e) => e.kind)}::text[],
      ${events.map((e) => e.occurredAtMs)}::bigint[],
      ${events.map((e) => e.order)}::bigint[],
      ${events.map((e) => JSON.stringify(e.fields))}::text[],
      ${events.map((e) => (e.fieldChangedAtMs ? JSON.stringify(e.fieldChangedAtMs) : null))}::text[],
      ${events.map((e) => (e.ownerHistory ? JSON.stringify(e.ownerHistory) : null))}::text[],
      ${events.map((e) => e.answersUntilMs ?? null)}::bigint[],
      ${events.map((e) => e.complete)}::boolean[],
      ${events.map((e) => (e.mergedIds ? JSON.stringify(e.mergedIds) : null))}::text[],
      ${events.map((e) => e.source)}::text[],
      ${events.map((e) => JSON.stringify(e.actor))}::text[],
      ${kept.map(({ outcome }) => outcome?.state ?? 'received')}::text[],
      ${kept.map(({ outcome }) => outcome?.reason ?? null)}::text[]
    ) as e(connection_id, dedupe_key, object_type, record_id, kind, occurred_at_ms, event_order, fields, field_changed,
           owner_history, answers_until_ms, complete, merged_ids, source, actor, state, skip_reason)
    on conflict (connection_id, dedupe_key) do nothing`.execute(db)
  return Number(result.numAffectedRows ?? 0)
}

/** Adapters date every event, so one without a time is a mistake of theirs: it is counted, and costs no other. */
async function countUndated(db: Kysely<Tables>, [first]: readonly ChangeEvent[], n: number): Promise<void> {
  if (n === 0 || first === undefined) return
  await count(db, 'record-failed', n, { connectionId: first.connectionId, detail: 'store: an event without a time' })
}

/** As the table keeps an event of before its record's erasure. */
function blanked({ ownerHistory: _, fieldChangedAtMs: __, ...event }: ChangeEvent): ChangeEvent {
  const { objectType, recordId, occurredAtMs, order } = event
  return { ...event, fields: {}, dedupeKey: `erased/${objectType}/${recordId}/${occurredAtMs}/${order}` }
}

export type EventRow = {
  id: number
  connection_id: string
  dedupe_key: string
  object_type: string
  record_id: string
  kind: string
  occurred_at_ms: number
  event_order: number
  fields: Record<string, string | null>
  field_changed: Record<string, number> | null
  owner_history: { owner: string | null; atMs: number }[] | null
  answers_until_ms: number | null
  complete: boolean
  merged_ids: string[] | null
  source: string
  actor: ChangeActor
}

/** The oldest waiting events of one connection, locked until the transaction ends. */
export async function takeWaitingEvents(
  trx: Kysely<Tables>,
  connectionId: ConnectionId,
  limit: number,
): Promise<StoredEvent[]> {
  const { rows } = await sql<EventRow>`
    select ${EVENT_COLUMNS} from change_event
    where connection_id = ${connectionId} and state = 'received'
    order by id
    limit ${limit}
    for update skip locked`.execute(trx)
  return rows.map(toStored)
}

/** The waiting erasures of one record. */
export async function takeErasures(trx: Kysely<Tables>, record: EventsOf): Promise<StoredEvent[]> {
  const { rows } = await sql<EventRow>`
    select ${EVENT_COLUMNS} from change_event
    where ${ofRecord(record)} and state = 'received' and kind = 'erased'
    order by id
    for update skip locked`.execute(trx)
  return rows.map(toStored)
}

export const EVENT_COLUMNS = sql`id, connection_id, dedupe_key, object_type, record_id, kind, occurred_at_ms, event_order, fields,
  field_changed, owner_history, answers_until_ms, complete, merged_ids, source, actor`

export function toStored(row: EventRow): StoredEvent {
  return {
    id: row.id,
    event: {
      connectionId: row.connection_id as ConnectionId,
      dedupeKey: row.dedupe_key,
      objectType: row.object_type,
      recordId: row.record_id,
      kind: row.kind as ChangeKind,
      occurredAtMs: row.occurred_at_ms,
      order: row.event_order,
      fields: row.fields,
      complete: row.complete,
      ...(row.field_changed ? { fieldChangedAtMs: row.field_changed } : {}),
      ...(row.owner_history ? { ownerHistory: row.owner_history } : {}),
      ...(row.answers_until_ms === null ? {} : { answersUntilMs: row.answers_until_ms }),
      ...(row.merged_ids ? { mergedIds: row.merged_ids } : {}),
      source: row.source as ChangeSource,
      actor: row.actor,
    },
  }
}

export type EventOutcome = {
  readonly id: number
  /** `failed`: it could not be folded. It is tried again, and after the third time kept as it came for a person. */
  readonly state: 'applied' | 'skipped' | 'failed'
  readonly reason: string | null
  /** True: the record was erased after this happened, so the values go. */
  readonly blank?: boolean
}

/** Seconds until an event is tried again after its first and its second failure. After the third it is quarantined. */
const RETRY_AFTER_S = [5, 30]

const RETRY_AT = (attempts: RawBuilder<unknown>) =>
  sql`clock_timestamp() + (${RETRY_AFTER_S}::int[])[${attempts}] * interval '1 second'`

export async function recordOutcomes(trx: Kysely<Tables>, outcomes: readonly EventOutcome[]): Promise<void> {
  if (outcomes.length === 0) return
  await sql`
    update change_event e set state = f.state, skip_reason = f.reason,
      attempts = case when f.state = 'failed' then e.attempts + 1 else e.attempts end,
      retry_at = case when f.state = 'failed' then ${RETRY_AT(sql`e.attempts + 1`)} end,
      applied_version = case when f.state = 'applied' then (
        select r.version from record r where r.connection_id = e.connection_id and r.object_type = e.object_type
          and r.record_id = e.record_id) end
    from unnest(${outcomes.map((f) => f.id)}::bigint[], ${outcomes.map((f) => f.state)}::text[],
                ${outcomes.map((f) => f.reason)}::text[]) as f(id, state, reason)
    where e.id = f.id`.execute(trx)
  const blank = outcomes.filter((outcome) => outcome.blank).map((outcome) => outcome.id)
  if (blank.length > 0) await blankEvents(trx, sql`id = any(${blank}::bigint[])`)
}

/** Erases what a privacy deletion must reach: the values of every event of the record. Ids and times stay. */
export async function eraseEventValues(trx: Kysely<Tables>, record: EventsOf): Promise<void> {
  await blankEvents(trx, ofRecord(record))
}

type EventsOf = { readonly connectionId: string; readonly objectType: string; readonly recordId: string }

const ofRecord = ({ connectionId, objectType, recordId }: EventsOf) =>
  sql`connection_id = ${connectionId} and object_type = ${objectType} and record_id = ${recordId}`

/**
 * The reason goes too: an error may quote the value that it failed on. So does the dedupe key, which may hold a digest of
 * the values: a delivery that comes again is stored again, and blank.
 */
async function blankEvents(trx: Kysely<Tables>, which: RawBuilder<unknown>): Promise<void> {
  await sql`
    update change_event set fields = '{}'::jsonb, owner_history = null, field_changed = null,
      dedupe_key = case when kind in ('erased', 'merged') then dedupe_key else 'erased/' || id end,
      skip_reason = case when state = 'failed' then 'erased' else skip_reason end
    where ${which}`.execute(trx)
}
