import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/** A call that never came back is made again after this. */
const CLAIMED_FOR_S = 60

/** Seconds until an id whose answer proved nothing is asked about again: 30 s, 1 min, 2 ... 6 h. */
const AGAIN_FIRST_S = 30
const AGAIN_LARGEST_S = 21_600

/**
 * Answers that prove nothing before the others who were missing at the same time no longer wait for this one, about a quarter
 * of an hour; the last of them after the CRM answered for another, so that an outage frees nobody. It stays unknown by itself.
 */
const HELD_ATTEMPTS_MAX = 6

/** Asks about each id once, however many records name it. What is asked already stays as it is. */
export async function askForUsers(
  db: Kysely<Tables>,
  asks: readonly { readonly connectionId: string; readonly userId: string }[],
): Promise<void> {
  if (asks.length === 0) return
  await sql`
    insert into user_check (connection_id, user_id)
    select distinct c, u from unnest(${asks.map((a) => a.connectionId)}::text[], ${asks.map((a) => a.userId)}::text[])
      as x(c, u) order by 1, 2
    on conflict do nothing`.execute(db)
}

/** None of these counts as gone until all of them are answered for. */
export async function holdTogether(
  db: Kysely<Tables>,
  connectionId: string,
  userIds: readonly string[],
): Promise<void> {
  if (userIds.length === 0) return
  await sql`update user_check set held = true
    where connection_id = ${connectionId} and user_id = any(${userIds}::text[]) and attempts < ${HELD_ATTEMPTS_MAX}`.execute(
    db,
  )
}

/**
 * Takes the ids that are due, so that no other process asks for them meanwhile: the longest waiting first, and in no fixed
 * order among those of one moment, so that one at which the whole call breaks off is not always the first.
 */
export async function claimUserChecks(db: Kysely<Tables>, connectionId: string, limit: number): Promise<string[]> {
  const { rows } = await sql<{ user_id: string }>`
    update user_check c set ask_after = clock_timestamp() + ${CLAIMED_FOR_S} * interval '1 second'
    from (select user_id from user_check where connection_id = ${connectionId} and ask_after <= clock_timestamp()
          order by ask_after, random() limit ${limit} for update skip locked) due
    where c.connection_id = ${connectionId} and c.user_id = due.user_id
    returning c.user_id`.execute(db)
  return rows.map((row) => row.user_id)
}

export type UserCheck = { readonly userId: string; readonly held: boolean }

/** Those of the ids that nobody has answered for meanwhile, locked. */
export async function openUserChecks(
  trx: Kysely<Tables>,
  connectionId: string,
  userIds: readonly string[],
): Promise<UserCheck[]> {
  const { rows } = await sql<UserCheck>`
    select user_id as "userId", held from user_check
    where connection_id = ${connectionId} and user_id = any(${userIds}::text[]) order by user_id for update`.execute(
    trx,
  )
  return rows
}

/** Back-off is added on the database's clock, which also judges when it is over. */
export async function askAgain(
  trx: Kysely<Tables>,
  connectionId: string,
  unknown: readonly { readonly userId: string; readonly why: string }[],
): Promise<void> {
  if (unknown.length === 0) return
  await sql`
    update user_check c set attempts = c.attempts + 1, problem = x.why, answered_at = clock_timestamp(),
      ask_after = clock_timestamp()
        + least(${AGAIN_FIRST_S} * 2 ^ least(c.attempts, 20), ${AGAIN_LARGEST_S}) * interval '1 second'
    from unnest(${unknown.map((u) => u.userId)}::text[], ${unknown.map((u) => u.why.slice(0, 300))}::text[]) as x(id, why)
    where c.connection_id = ${connectionId} and c.user_id = x.id`.execute(trx)
}

/**
 * The CRM says that it has none of these. Where others who went missing with them are not answered for, they are asked for
 * again soon: it answers now.
 */
export async function noteSaidGone(
  trx: Kysely<Tables>,
  connectionId: string,
  userIds: readonly string[],
): Promise<void> {
  if (userIds.length === 0) return
  await sql`update user_check set said_gone = true, problem = null, ask_after = 'infinity',
      answered_at = clock_timestamp()
    where connection_id = ${connectionId} and user_id = any(${userIds}::text[])`.execute(trx)
  await sql`update user_check set ask_after = clock_timestamp() + ${AGAIN_FIRST_S} * interval '1 second'
    where connection_id = ${connectionId} and held and not said_gone
      and ask_after > clock_timestamp() + ${AGAIN_FIRST_S} * interval '1 second'`.execute(trx)
}

/** Those who were said to be gone and wait for nobody any more. */
export async function releasedUsers(trx: Kysely<Tables>, connectionId: string): Promise<string[]> {
  const { rows } = await sql<{ user_id: string }>`
    select user_id from user_check c where c.connection_id = ${connectionId} and c.said_gone
      and (not c.held or not exists (
        select 1 from user_check o where o.connection_id = c.connection_id and o.held and not o.said_gone
          and (o.attempts < ${HELD_ATTEMPTS_MAX} or o.answered_at <= (
            select max(s.answered_at) from user_check s where s.connection_id = c.connection_id and s.said_gone))))
    order by user_id`.execute(trx)
  return rows.map((row) => row.user_id)
}

/** Last in a transaction that marks records: a decision that holds those may be asking about the same id. */
export async function endUserChecks(
  trx: Kysely<Tables>,
  connectionId: string,
  userIds: readonly string[],
): Promise<void> {
  if (userIds.length === 0) return
  await sql`delete from user_check where connection_id = ${connectionId} and user_id = any(${userIds}::text[])`.execute(
    trx,
  )
}

/** How many are held together and wait for an answer. */
export async function usersHeld(db: Kysely<Tables>, connectionId: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from user_check where connection_id = ${connectionId} and held
      and (said_gone or attempts < ${HELD_ATTEMPTS_MAX})`.execute(db)
  return rows[0]!.n
}

/** Answers in a row that prove nothing before somebody is told. */
const UNREADABLE_AFTER = 3

/** Those of whom the CRM says nothing that proves anything, by name where we know one. */
export async function unreadableUsers(db: Kysely<Tables>, connectionId: string): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select coalesce(u.name, c.user_id) as name from user_check c
    left join crm_user u on u.connection_id = c.connection_id and u.user_id = c.user_id
    where c.connection_id = ${connectionId} and c.attempts >= ${UNREADABLE_AFTER} and not c.said_gone
    order by 1`.execute(db)
  return rows.map((row) => row.name)
}

/** For `findOverdue`: an id of the connection `c` may be asked about now. */
export const USERS_DUE: RawBuilder<unknown> = sql`
  (select 'refresh' from user_check u where u.connection_id = c.id and u.ask_after <= now() order by u.ask_after limit 1)`
