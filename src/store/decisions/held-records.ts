import { type Kysely, sql } from 'kysely'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import { inputKey, type MissingInput, type WhyUnknown } from '../../model/record/knowledge.ts'
import type { Tables } from '../database/tables.ts'

type Ref = { readonly objectType: string; readonly recordId: string }

/** A record that rests on inputs which are not known, and for which workflows. */
export type HeldRecord = Ref & {
  readonly inputs: readonly { readonly input: MissingInput; readonly workflows: readonly string[] }[]
}

/** What is only unread is read first: no case speaks of it before this. */
export const READ_WITHIN_S = 120

/** Inputs that the CRM is asked for again before a case speaks of them. */
const FIRST_ASKED_FOR: readonly WhyUnknown[] = ['not-read', 'not-visible']

/** Since how many milliseconds each input holds each of these records, by `object/record` and `inputKey`. */
export type HeldMs = ReadonlyMap<string, ReadonlyMap<string, number>>

export async function heldMs(trx: Kysely<Tables>, connectionId: string, refs: readonly Ref[]): Promise<HeldMs> {
  const held = new Map<string, Map<string, number>>()
  if (refs.length === 0) return held
  const { rows } = await sql<Omit<InputRow, 'id'> & { key: string; ms: number }>`
    select h.object_type || '/' || h.record_id as key, u.connection_id as "connectionId",
      u.object_type as "objectType", u.field, u.why,
      (extract(epoch from clock_timestamp() - h.since) * 1000)::float8 as ms
    from unnest(${refs.map((r) => r.objectType)}::text[], ${refs.map((r) => r.recordId)}::text[]) as w(t, r)
    join held_record h on h.connection_id = ${connectionId} and h.object_type = w.t and h.record_id = w.r
    join unknown_input u on u.id = h.input_id`.execute(trx)
  for (const { key, ms, ...row } of rows) {
    held.set(key, (held.get(key) ?? new Map<string, number>()).set(keyOf(row), ms))
  }
  return held
}

function keyOf(row: Omit<InputRow, 'id'>): string {
  return inputKey({ ...row, crm: '' as Crm, name: '' })
}

/**
 * Notes what holds the decided records now, in place of what held them before, and counts it with each input. A workflow
 * whose policy cannot be read decided nothing, so what it held stays held.
 */
export async function saveHeldRecords(
  trx: Kysely<Tables>,
  connectionId: string,
  decided: readonly Ref[],
  held: readonly HeldRecord[],
  frozen: ReadonlySet<string>,
): Promise<void> {
  const ids = await inputIds(trx, held)
  await lockInputs(trx, connectionId, decided, [...ids.values()])
  const rows = held.flatMap(({ objectType, recordId, inputs }) =>
    inputs.map(({ input, workflows }) => ({ t: objectType, r: recordId, i: ids.get(inputKey(input))!, w: workflows })),
  )
  await sql`
    with wanted as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(t text, r text, i bigint, w text[])
    ), gone as (
      delete from held_record h
      using unnest(${decided.map((d) => d.objectType)}::text[], ${decided.map((d) => d.recordId)}::text[]) as d(t, r)
      where h.connection_id = ${connectionId} and h.object_type = d.t and h.record_id = d.r
        and not exists (select 1 from wanted where wanted.t = h.object_type and wanted.r = h.record_id
          and wanted.i = h.input_id)
        and not h.workflows && ${[...frozen]}::text[]
      returning h.input_id
    ), came as (
      insert into held_record as h (connection_id, object_type, record_id, input_id, workflows)
      select ${connectionId}, t, r, i, w from wanted order by t, r, i
      on conflict (connection_id, object_type, record_id, input_id) do update set workflows = excluded.workflows
        where h.workflows is distinct from excluded.workflows
      -- a row that was there before is no other record
      returning h.input_id, (h.xmax = 0) as is_new
    ), change as materialized (
      select input_id, sum(n)::int as n from (
        select input_id, -1 as n from gone
        union all select input_id, 1 from came where is_new
      ) x group by input_id having sum(n) <> 0
    ), ordered as materialized (
      select u.id, change.n from unknown_input u join change on change.input_id = u.id order by u.id for update of u
    )
    update unknown_input u set held = u.held + o.n,
      held_since = case when u.held + o.n = 0 then null else coalesce(u.held_since, clock_timestamp()) end,
      look_at = least(u.look_at, case
        when u.why = any(${FIRST_ASKED_FOR}) and u.exception_id is null
          then coalesce(u.held_since, clock_timestamp()) + ${READ_WITHIN_S} * interval '1 second'
        else clock_timestamp() end)
    from ordered o where u.id = o.id`.execute(trx)
}

type InputRow = {
  readonly id: number
  readonly connectionId: ConnectionId
  readonly objectType: string
  readonly field: string
  readonly why: WhyUnknown
}

/** All inputs that this batch may count, in one order: two batches that meet at some of them wait and do not lock up. */
async function lockInputs(
  trx: Kysely<Tables>,
  connectionId: string,
  decided: readonly Ref[],
  wanted: readonly number[],
): Promise<void> {
  await sql`
    select id from unknown_input where id = any(${wanted}::bigint[]) or id in (
      select h.input_id from held_record h
      join unnest(${decided.map((d) => d.objectType)}::text[], ${decided.map((d) => d.recordId)}::text[]) as d(t, r)
        on h.object_type = d.t and h.record_id = d.r
      where h.connection_id = ${connectionId})
    order by id for update`.execute(trx)
}

/** The rows of these inputs, made where there is none. */
async function inputIds(trx: Kysely<Tables>, held: readonly HeldRecord[]): Promise<Map<string, number>> {
  const byKey = new Map(held.flatMap(({ inputs }) => inputs.map(({ input }) => [inputKey(input), input] as const)))
  if (byKey.size === 0) return new Map()
  const inputs = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, input]) => input)
  const columns = (pick: (input: MissingInput) => string) => inputs.map(pick)
  await sql`
    insert into unknown_input (connection_id, crm, object_type, field, why)
    select * from unnest(${columns((i) => i.connectionId)}::text[], ${columns((i) => i.crm)}::text[],
      ${columns((i) => i.objectType)}::text[], ${columns((i) => i.field)}::text[], ${columns((i) => i.why)}::text[])
      as w(c, crm, t, f, y)
    order by c, t, f, y
    on conflict (connection_id, object_type, field, why) do nothing`.execute(trx)
  // A statement of its own, which sees what another transaction made meanwhile.
  const { rows } = await sql<InputRow>`
    select u.id, u.connection_id as "connectionId", u.object_type as "objectType", u.field, u.why
    from unnest(${columns((i) => i.connectionId)}::text[], ${columns((i) => i.objectType)}::text[],
      ${columns((i) => i.field)}::text[], ${columns((i) => i.why)}::text[]) as w(c, t, f, y)
    join unknown_input u on u.connection_id = w.c and u.object_type = w.t and u.field = w.f and u.why = w.y`.execute(
    trx,
  )
  return new Map(rows.map(({ id, ...row }) => [keyOf(row), id]))
}

export type DueInput = Omit<MissingInput, 'name' | 'recordId'> & {
  readonly id: number
  readonly held: number
  /** Workflows whose records it holds now. */
  readonly workflows: readonly string[]
  readonly exceptionId: number | null
}

/** This input could not be reported: it is looked at again after this. */
export async function postponeInput(trx: Kysely<Tables>, id: number, delayS: number): Promise<void> {
  await sql`
    update unknown_input set look_at = clock_timestamp() + ${delayS} * interval '1 second' where id = ${id}`.execute(
    trx,
  )
}

/** Inputs whose case has to be opened, brought up to date or closed. Locked until the transaction ends. */
export async function takeDueInputs(trx: Kysely<Tables>, limit: number): Promise<DueInput[]> {
  const { rows } = await sql<DueInput & { waits: boolean }>`
    with due as materialized (
      select u.id, case when u.why = any(${FIRST_ASKED_FOR}) and u.exception_id is null
          -- one that is read while others come is no cause for a case: the oldest that still waits counts
          then (select min(h.since) from held_record h where h.input_id = u.id)
            + ${READ_WITHIN_S} * interval '1 second' end as waits_until
      from unknown_input u
      join connection c on c.id = u.connection_id and c.status <> 'disconnected'
      where u.look_at <= clock_timestamp() order by u.look_at limit ${limit}
      for update of u skip locked
    )
    update unknown_input u set look_at = case when due.waits_until > clock_timestamp() then due.waits_until end
    from due where u.id = due.id
    returning u.id, u.look_at is not null as "waits", u.connection_id as "connectionId", u.crm, u.object_type as "objectType", u.field, u.why, u.held,
      u.exception_id as "exceptionId",
      array(select distinct unnest(h.workflows) from (
        select workflows from held_record where input_id = u.id limit ${HOLDERS_READ_MAX}) h order by 1) as workflows`.execute(
    trx,
  )
  return rows.filter(({ waits }) => !waits).toSorted((a, b) => a.id - b.id)
}

/**
 * The case of this input is looked at again at this time. An hour from now at the least, so that a hundred thousand records
 * that went one after another cost a hundred looks.
 */
export async function lookAtInputAgain(trx: Kysely<Tables>, inputId: number, at: Date): Promise<void> {
  await sql`update unknown_input set look_at = greatest(${at}::timestamptz, clock_timestamp() + interval '1 hour')
    where id = ${inputId}`.execute(trx)
}

/** Nearly every input holds records of one or two workflows, so these many tell which. */
const HOLDERS_READ_MAX = 1_000

export async function setCaseOfInput(trx: Kysely<Tables>, inputId: number, exceptionId: number | null): Promise<void> {
  await sql`update unknown_input set exception_id = ${exceptionId} where id = ${inputId}`.execute(trx)
}

/** True: an input waits for its case to be looked at. */
export async function isAnyInputDue(db: Kysely<Tables>): Promise<boolean> {
  const { rows } =
    await sql`select 1 from unknown_input u join connection c on c.id = u.connection_id and c.status <> 'disconnected'
    where u.look_at <= clock_timestamp() limit 1`.execute(db)
  return rows.length > 0
}

/** What the input of this case holds now: how many records, and the first of them by time. */
export async function heldByInputOf(
  db: Kysely<Tables>,
  exceptionId: number,
  limit: number,
  offset: number,
): Promise<{
  readonly count: number
  readonly records: readonly (Ref & { connectionId: string; since: Date })[]
  readonly input: Pick<InputRow, 'connectionId' | 'objectType' | 'why'> | null
}> {
  const { rows: inputs } = await sql<InputRow & { held: number }>`
    select id, held, connection_id as "connectionId", object_type as "objectType", field, why from unknown_input where exception_id = ${exceptionId}`.execute(
    db,
  )
  const [input] = inputs
  if (input === undefined) return { count: 0, records: [], input: null }
  const { rows } = await sql<Ref & { connectionId: string; since: Date }>`
    select connection_id as "connectionId", object_type as "objectType", record_id as "recordId", since
    from held_record where input_id = ${input.id} order by since, connection_id, object_type, record_id
    limit ${limit} offset ${offset}`.execute(db)
  return { count: input.held, records: rows, input }
}

/** The cases of inputs are looked at again: workflows changed, or the people who may have them. */
export async function lookAtInputs(trx: Kysely<Tables>): Promise<void> {
  await sql`
    with ordered as materialized (
      select id from unknown_input where held > 0 or exception_id is not null order by id for update
    )
    update unknown_input u set look_at = clock_timestamp() from ordered o where u.id = o.id`.execute(trx)
}

/** Records of any connection that wait for something of this connection to be read, the longest first. */
export async function heldForReadingIn(
  trx: Kysely<Tables>,
  connectionId: string,
  limit: number,
): Promise<(Ref & { connectionId: string })[]> {
  const { rows } = await sql<Ref & { connectionId: string }>`
    select h.connection_id as "connectionId", h.object_type as "objectType", h.record_id as "recordId"
    from unknown_input u join held_record h on h.input_id = u.id
    where u.connection_id = ${connectionId} and u.why = 'not-read' and u.field <> '*' and u.held > 0
    order by h.since limit ${limit}`.execute(trx)
  return rows
}

/** The connection was ended: nothing holds its records any more. Returns how many holds were taken away. */
export async function releaseHeldRecords(trx: Kysely<Tables>, connectionId: string, limit: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    with gone as (
      delete from held_record where ctid = any(array(
        select ctid from held_record where connection_id = ${connectionId} limit ${limit} for update))
      returning input_id
    ), change as materialized (select input_id, count(*)::int as n from gone group by 1),
    ordered as materialized (
      select u.id, change.n from unknown_input u join change on change.input_id = u.id order by u.id for update of u
    ), counted as (
      update unknown_input u set held = u.held - o.n, look_at = least(u.look_at, clock_timestamp())
      from ordered o where u.id = o.id
    )
    select count(*)::int as n from gone`.execute(trx)
  return rows[0]!.n
}
