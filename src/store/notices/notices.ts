import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

export type NoticeLevel = 'info' | 'warn' | 'stop'

export type Notice = {
  readonly id: number
  readonly connectionId: string
  readonly code: string
  readonly subject: string
  readonly level: NoticeLevel
  readonly message: string
  readonly remedy: string | null
  /** How often it happened while it lasted. */
  readonly n: number
  readonly firstAt: Date
  readonly lastAt: Date
  readonly endedAt: Date | null
  readonly endedMessage: string | null
}

/**
 * Notes what happened to a connection. One open notice per cause: the same again counts on, and its sentence is the
 * newest. Cheap enough for every failed call of a bad hour, and never the reason that work fails: callers may ignore a
 * rejection.
 */
export async function raiseNotice(
  db: Kysely<Tables>,
  notice: {
    readonly connectionId: string
    readonly code: string
    readonly subject?: string
    readonly level: NoticeLevel
    /** One or two sentences for a RevOps admin: what happened and what it means for their cases. */
    readonly message: string
    /** What to do, one sentence; null when it ends by itself. */
    readonly remedy: string | null
    readonly n?: number
  },
): Promise<void> {
  await sql`
    insert into notice (connection_id, code, subject, level, message, remedy, n)
    values (${notice.connectionId}, ${notice.code}, ${notice.subject ?? ''}, ${notice.level}, ${notice.message},
            ${notice.remedy}, ${notice.n ?? 1})
    on conflict (connection_id, code, subject) where ended_at is null do update set n = notice.n + excluded.n,
      last_at = clock_timestamp(), message = excluded.message, remedy = excluded.remedy, level = excluded.level`.execute(
    db,
  )
}

/** Ends what was open, with the sentence that says how. Without a subject: every subject of the code. */
export async function endNotice(
  db: Kysely<Tables>,
  which: { readonly connectionId: string; readonly code: string; readonly subject?: string; readonly message: string },
): Promise<number> {
  const { rows } = await sql`
    update notice set ended_at = clock_timestamp(), ended_message = ${which.message}
    where connection_id = ${which.connectionId} and code = ${which.code} and ended_at is null
      and (${which.subject === undefined} or subject = ${which.subject ?? ''})
    returning 1`.execute(db)
  return rows.length
}

/** Which notices are open, of all connections. A handful, found by their index. */
export async function openNotices(
  db: Kysely<Tables>,
): Promise<{ readonly connectionId: string; readonly code: string; readonly subject: string }[]> {
  const { rows } = await sql<{ connectionId: string; code: string; subject: string }>`
    select connection_id as "connectionId", code, subject from notice where ended_at is null`.execute(db)
  return rows
}

/** Whatever is open about a connection. */
export async function endAllNotices(db: Kysely<Tables>, connectionId: string, message: string): Promise<void> {
  await sql`update notice set ended_at = clock_timestamp(), ended_message = ${message}
    where connection_id = ${connectionId} and ended_at is null`.execute(db)
}

/** Open ones first, then what ended, newest first. */
export async function listNotices(
  db: Kysely<Tables>,
  { connectionId, limit }: { readonly connectionId?: string; readonly limit: number },
): Promise<Notice[]> {
  const { rows } = await sql<{
    id: number
    connection_id: string
    code: string
    subject: string
    level: NoticeLevel
    message: string
    remedy: string | null
    n: number
    first_at: Date
    last_at: Date
    ended_at: Date | null
    ended_message: string | null
  }>`select id, connection_id, code, subject, level, message, remedy, n, first_at, last_at, ended_at, ended_message from notice
     where ${connectionId === undefined} or connection_id = ${connectionId ?? ''}
     order by (ended_at is null) desc, last_at desc limit ${limit}`.execute(db)
  return rows.map((row) => ({
    id: row.id,
    connectionId: row.connection_id,
    code: row.code,
    subject: row.subject,
    level: row.level,
    message: row.message,
    remedy: row.remedy,
    n: row.n,
    firstAt: row.first_at,
    lastAt: row.last_at,
    endedAt: row.ended_at,
    endedMessage: row.ended_message,
  }))
}
