import { sql } from 'kysely'
import type { ExceptionClass, Posture } from '../../model/classes/class.ts'
import type { Crm } from '../../model/record/change-event.ts'
import type { Database } from '../../store/database/database.ts'
import type { TaskCloser } from '../../store/decisions/task-closer.ts'
import { ProblemError } from '../server/problem.ts'
import type { Person } from '../server/shared-types.ts'
import type { ListItem, ListQuery, ListReply } from './case-types.ts'
import { patternTitle } from './pattern-titles.ts'
import { readPeople } from './people.ts'

export type ListRow = {
  id: number
  class: ExceptionClass
  posture: Posture
  owner_email: string
  status: 'open' | 'settled-by-rule' | 'resolved'
  pattern: string
  workflow: string
  workflow_title: string | null
  connection_id: string
  connection_title: string | null
  crm: Crm | null
  title: string
  what: string
  opened_at: Date
  due_at: Date
  resolved_at: Date | null
  reopened: number
  waits_since: Date | null
  waits_closer: TaskCloser | null
}

export const LIST_COLUMNS = sql`
  e.id, e.class, e.posture, e.owner_email, e.status, e.pattern, e.workflow, w.title as workflow_title,
  e.connection_id, c.title as connection_title, c.crm, e.title, e.what, e.opened_at, e.due_at, e.resolved_at, e.reopened,
  case when e.status = 'open' then e.waits_since end as waits_since, e.waits_closer`

export const LIST_FROM = sql`
  exception e left join workflow w on w.workflow = e.workflow left join connection c on c.id = e.connection_id`

/**
 * Newest first. The cursor holds the last row's place rather than a page number, so rows that arrive or leave between
 * two pages neither repeat nor hide one.
 */
export async function readExceptions(db: Database, query: ListQuery, now: Date): Promise<ListReply> {
  const conditions = [sql`true`]
  if (query.status === 'closed-without-change') conditions.push(sql`e.status = 'open' and e.waits_since is not null`)
  else if (query.status !== 'all') conditions.push(sql`e.status = ${query.status}`)
  if (query.class) conditions.push(sql`e.class = ${query.class}`)
  if (query.posture) conditions.push(sql`e.posture = ${query.posture}`)
  if (query.pattern) conditions.push(sql`e.pattern = ${query.pattern}`)
  if (query.owner) conditions.push(sql`e.owner_email = ${query.owner.toLowerCase()}`)
  if (query.workflow) conditions.push(sql`e.workflow = ${query.workflow}`)
  if (query.connection) conditions.push(sql`e.connection_id = ${query.connection}`)
  if (query.task) conditions.push(sql`e.task_id = ${Number(query.task)}`)
  if (query.overdue === 'true') conditions.push(sql`e.status = 'open' and e.waits_since is null and e.due_at < ${now}`)
  if (query.q) conditions.push(searchFor(query.q))
  if (query.cursor) {
    const after = parseCursor(query.cursor)
    conditions.push(sql`(e.opened_at, e.id) < (${after.openedAt}::timestamptz, ${after.id})`)
  }
  // The exact microseconds travel in the cursor: a Date would round them, and rows of one burst share a millisecond.
  const { rows } = await sql<ListRow & { place: string }>`
    select ${LIST_COLUMNS}, to_char(e.opened_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as place
    from ${LIST_FROM} where ${sql.join(conditions, sql` and `)}
    order by e.opened_at desc, e.id desc limit ${query.limit + 1}`.execute(db)
  const page = rows.slice(0, query.limit)
  const last = page.at(-1)
  const nextCursor = rows.length > query.limit && last ? formatCursor(last.place, last.id) : null
  return { exceptions: await toListItems(db, page), nextCursor }
}

/** Each word must occur somewhere in the case. At most eight words, which bounds the condition. */
function searchFor(q: string) {
  // A null character cannot be in any row, and Postgres refuses it in a parameter.
  const words = q.replaceAll('\0', ' ').split(/\s+/).filter(Boolean).slice(0, 8)
  const conditions = words.map((word) => {
    const pattern = `%${word.toWellFormed().replace(/[\\%_]/g, (special) => `\\${special}`)}%`
    return sql`concat_ws(' ', e.title, e.what, e.record_id, e.owner_email, e.workflow) ilike ${pattern}`
  })
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `)
}

async function toListItems(db: Database, rows: readonly ListRow[]): Promise<ListItem[]> {
  const person = await readPeople(
    db,
    rows.map((row) => row.owner_email),
  )
  return rows.map((row) => toListItem(row, person))
}

export function toListItem(row: ListRow, person: (email: string) => Person): ListItem {
  return {
    id: String(row.id),
    class: row.class,
    posture: row.posture,
    owner: person(row.owner_email),
    status: row.status,
    pattern: row.pattern,
    patternTitle: patternTitle(row.pattern),
    workflow: row.workflow,
    workflowTitle: row.workflow_title ?? row.workflow,
    connection: {
      id: row.connection_id,
      title: row.connection_title ?? row.connection_id,
      crm: row.crm ?? '',
    },
    title: row.title,
    what: row.what,
    openedAt: row.opened_at.toISOString(),
    dueAt: row.due_at.toISOString(),
    resolvedAt: row.resolved_at?.toISOString() ?? null,
    reopened: row.reopened,
    closedWithoutChange: row.waits_since && {
      at: row.waits_since.toISOString(),
      by: row.waits_closer && (row.waits_closer.name ?? `user ${row.waits_closer.userId}`),
    },
  }
}

function formatCursor(openedAt: string, id: number): string {
  return Buffer.from(`${openedAt}/${id}`).toString('base64url')
}

function parseCursor(cursor: string): { openedAt: string; id: number } {
  const text = Buffer.from(cursor, 'base64url').toString()
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)\/(\d{1,15})$/.exec(text)
  if (!match || Number.isNaN(Date.parse(match[1]!))) {
    throw new ProblemError('bad-request', 400, 'Unknown cursor. Start again without it.')
  }
  return { openedAt: match[1]!, id: Number(match[2]) }
}
