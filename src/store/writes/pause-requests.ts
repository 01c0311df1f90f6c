import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'
import { isOf, type PauseScope, scopeColumns, toScope } from './pauses.ts'

export type PauseRequest = {
  readonly id: number
  readonly scope: PauseScope
  readonly reason: string
  /** `person:ID` or `token:ID`. */
  readonly askedBy: string
  readonly at: Date
  /** Without an answer until then, Lanekeeper pauses the scope itself. */
  readonly dueAt: Date
}

/** Somebody asks for a pause. Who asks again before there is an answer has asked once. */
export async function insertPauseRequest(
  trx: Kysely<Tables>,
  scope: PauseScope,
  of: { readonly reason: string; readonly askedBy: string; readonly dueAtMs: number },
): Promise<{ readonly id: number; readonly isNew: boolean }> {
  const { scope: kind, workflow, branch, connection_id: connectionId } = scopeColumns(scope)
  const { rows } = await sql<{ id: number }>`
    insert into pause_request (scope, workflow, branch, connection_id, reason, asked_by, due_at)
    values (${kind}, ${workflow}, ${branch}, ${connectionId}, ${of.reason}, ${of.askedBy}, ${new Date(of.dueAtMs)})
    on conflict (coalesce(connection_id, ''), coalesce(workflow, ''), coalesce(branch, ''), asked_by)
      where answer is null do nothing
    returning id`.execute(trx)
  if (rows[0] !== undefined) return { id: rows[0].id, isNew: true }
  const { rows: open } = await sql<{ id: number }>`
    select id from pause_request where answer is null and asked_by = ${of.askedBy} and ${isOf(scope)}`.execute(trx)
  return { id: open[0]!.id, isNew: false }
}

/** A pause of this scope answers whoever asked for it, or for less. Returns how many those are. */
export async function answerByPause(trx: Kysely<Tables>, scope: PauseScope, by: string): Promise<number> {
  const isLess = scope.kind === 'workflow' ? sql`or workflow = ${scope.workflow}` : sql``
  const { rows } = await sql`
    update pause_request set answer = 'paused', answered_at = clock_timestamp(), answered_by = ${by}
    where answer is null and (${isOf(scope)} ${isLess}) returning 1`.execute(trx)
  return rows.length
}

/** False: it has an answer already. */
export async function declineRequest(
  trx: Kysely<Tables>,
  id: number,
  { by, reason }: { readonly by: string; readonly reason: string },
): Promise<boolean> {
  const { rows } = await sql`
    update pause_request set answer = 'declined', answer_reason = ${reason}, answered_at = clock_timestamp(),
      answered_by = ${by}
    where id = ${id} and answer is null returning 1`.execute(trx)
  return rows.length > 0
}

type RequestRow = {
  id: number
  scope: PauseScope['kind']
  workflow: string | null
  branch: string | null
  connection_id: string | null
  reason: string
  asked_by: string
  asked_at: Date
  due_at: Date
}

function toRequest(row: RequestRow): PauseRequest {
  const { id, reason, asked_by: askedBy, asked_at: at, due_at: dueAt } = row
  return { id, scope: toScope(row), reason, askedBy, at, dueAt }
}

/** Requests without an answer, the next to fall due first. */
export async function openPauseRequests(db: Kysely<Tables>): Promise<PauseRequest[]> {
  const { rows } = await sql<RequestRow>`select * from pause_request where answer is null order by due_at, id`.execute(
    db,
  )
  return rows.map(toRequest)
}

/** Null: there is none, or it has an answer. In a transaction it stays so until that ends. */
export async function openPauseRequest(db: Kysely<Tables>, id: number): Promise<PauseRequest | null> {
  const { rows } = await sql<RequestRow>`
    select * from pause_request where id = ${id} and answer is null for update`.execute(db)
  return rows[0] === undefined ? null : toRequest(rows[0])
}

/** Whose time for an answer is over, by the database's clock. */
export async function overduePauseRequests(db: Kysely<Tables>, limit: number): Promise<PauseRequest[]> {
  const { rows } = await sql<RequestRow>`
    select * from pause_request where answer is null and due_at <= clock_timestamp() order by due_at, id
    limit ${limit}`.execute(db)
  return rows.map(toRequest)
}
