import { type Kysely, sql } from 'kysely'
import type { FieldText } from '../../model/record/change-event.ts'
import { TERRITORIES, TERRITORY_NAMES, type TerritoryAssignment } from '../../model/record/territories-field.ts'
import type { AssignmentPlace } from '../database/tables/records.ts'
import type { Tables } from '../database/tables.ts'

export type AssignmentPoll = { readonly version: number; readonly place: AssignmentPlace }

export async function readAssignmentPoll(db: Kysely<Tables>, connectionId: string): Promise<AssignmentPoll | null> {
  const { rows } = await sql<AssignmentPoll>`
    select version, place from assignment_poll where connection_id = ${connectionId}`.execute(db)
  return rows[0] ?? null
}

/** Null: another poll has moved the place since `from` was read, and goes on with it. */
export async function moveAssignmentPoll(
  trx: Kysely<Tables>,
  connectionId: string,
  from: AssignmentPoll | null,
  place: AssignmentPlace,
): Promise<AssignmentPoll | null> {
  const json = JSON.stringify(place)
  const { rows } =
    from === null
      ? await sql<{ version: number }>`
          insert into assignment_poll (connection_id, version, place) values (${connectionId}, 1, ${json}::jsonb)
          on conflict do nothing returning version`.execute(trx)
      : await sql<{ version: number }>`
          update assignment_poll set version = version + 1, place = ${json}::jsonb
          where connection_id = ${connectionId} and version = ${from.version} returning version`.execute(trx)
  return rows[0] === undefined ? null : { version: rows[0].version, place }
}

/** Forgets the next of all that the connection has, which may be as many as records. Returns how many went. */
export async function forgetAssignments(trx: Kysely<Tables>, connectionId: string, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`delete from territory_assignment where ctid = any(array(
    select ctid from territory_assignment where connection_id = ${connectionId} limit ${limit}))`.execute(trx)
  return Number(numAffectedRows ?? 0)
}

export async function saveAssignments(
  trx: Kysely<Tables>,
  connectionId: string,
  assignments: readonly TerritoryAssignment[],
): Promise<void> {
  await sql`
    insert into territory_assignment (connection_id, assignment_id, object_type, record_id, territory_id)
    select ${connectionId}, * from unnest(
      ${assignments.map((one) => one.assignmentId)}::text[], ${assignments.map((one) => one.objectType)}::text[],
      ${assignments.map((one) => one.recordId)}::text[], ${assignments.map((one) => one.territoryId)}::text[])
    on conflict (connection_id, assignment_id) do update set object_type = excluded.object_type,
      record_id = excluded.record_id, territory_id = excluded.territory_id`.execute(trx)
}

type Ref = { readonly objectType: string; readonly recordId: string }

/** These are all that the records are assigned to. */
export async function replaceAssignments(
  trx: Kysely<Tables>,
  connectionId: string,
  records: readonly Ref[],
  assignments: readonly TerritoryAssignment[],
): Promise<void> {
  await sql`
    delete from territory_assignment a
    using unnest(${records.map((one) => one.objectType)}::text[], ${records.map((one) => one.recordId)}::text[])
      as r(object_type, record_id)
    where a.connection_id = ${connectionId} and a.object_type = r.object_type and a.record_id = r.record_id`.execute(
    trx,
  )
  await saveAssignments(trx, connectionId, assignments)
}

/** Those of these assignments that are known, each with its record. */
export async function knownAssignments(
  db: Kysely<Tables>,
  connectionId: string,
  assignmentIds: readonly string[],
): Promise<(Ref & { readonly assignmentId: string })[]> {
  const { rows } = await sql<Ref & { assignmentId: string }>`
    select assignment_id as "assignmentId", object_type as "objectType", record_id as "recordId"
    from territory_assignment where connection_id = ${connectionId} and assignment_id = any(${assignmentIds}::text[])`.execute(
    db,
  )
  return rows
}

/** A live record, what it is assigned to, and what was told of it last. */
export type AssignedRecord = Ref & {
  readonly territoryIds: readonly string[]
  /** Null: nothing was told yet. */
  readonly told: { readonly territories: FieldText; readonly names: FieldText; readonly atMs: number } | null
}

/** By key, from the one after `after`. */
export async function assignedRecords(
  trx: Kysely<Tables>,
  connectionId: string,
  { objects, after, limit }: { readonly objects: readonly string[]; readonly after: Ref; readonly limit: number },
): Promise<AssignedRecord[]> {
  const { rows } = await sql<AssignedRow>`
    select ${ASSIGNED} from record r
    where r.connection_id = ${connectionId} and r.object_type = any(${objects}::text[])
      and (r.object_type, r.record_id) > (${after.objectType}, ${after.recordId})
      and not r.deleted and r.merged_into is null
    order by r.object_type, r.record_id limit ${limit}`.execute(trx)
  return rows.map(readAssigned)
}

export async function assignedRecordsOf(
  trx: Kysely<Tables>,
  connectionId: string,
  records: readonly Ref[],
): Promise<AssignedRecord[]> {
  const { rows } = await sql<AssignedRow>`
    select ${ASSIGNED}
    from unnest(${records.map((one) => one.objectType)}::text[], ${records.map((one) => one.recordId)}::text[])
      as w(object_type, record_id)
    join record r on r.connection_id = ${connectionId} and r.object_type = w.object_type and r.record_id = w.record_id
    where not r.deleted and r.merged_into is null`.execute(trx)
  return rows.map(readAssigned)
}

const ASSIGNED = sql`r.object_type, r.record_id, r.values->>${TERRITORIES} as territories,
  r.values->>${TERRITORY_NAMES} as names, (r.stamps->${TERRITORIES}->>'atMs')::bigint as told_at_ms,
  array(select a.territory_id from territory_assignment a where a.connection_id = r.connection_id
    and a.object_type = r.object_type and a.record_id = r.record_id) as territory_ids`

type AssignedRow = {
  readonly object_type: string
  readonly record_id: string
  readonly territories: FieldText
  readonly names: FieldText
  readonly told_at_ms: number | null
  readonly territory_ids: string[]
}

function readAssigned(row: AssignedRow): AssignedRecord {
  const { territories, names, told_at_ms: atMs } = row
  return {
    objectType: row.object_type,
    recordId: row.record_id,
    territoryIds: row.territory_ids,
    told: atMs === null ? null : { territories, names, atMs },
  }
}
