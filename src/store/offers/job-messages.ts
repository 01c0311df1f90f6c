import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'
import type { PersonId } from '../people/persons.ts'

export type NewMessage = {
  readonly jobId: number | null
  readonly cause: string
  readonly personId: PersonId
  /** offer, remind, confirm, confirm-remind, vacancy, told */
  readonly reason: string
  readonly address: string
  readonly subject: string
  readonly body: string
}

/** One mail to a person for each cause and reason. */
export async function requestMessages(db: Kysely<Tables>, messages: readonly NewMessage[]): Promise<void> {
  if (messages.length === 0) return
  await sql`
    insert into job_message (job_id, cause, person_id, reason, address, subject, body)
    select j, c, p, r, a, s, b from jsonb_to_recordset(${JSON.stringify(
      messages.map((m) => ({
        j: m.jobId,
        c: m.cause,
        p: m.personId,
        r: m.reason,
        a: m.address,
        s: m.subject,
        b: m.body,
      })),
    )}::jsonb) as x(j bigint, c text, p text, r text, a text, s text, b text)
    on conflict (cause, reason, person_id) do nothing`.execute(db)
}

/** Where each of these people takes mail: an address that they confirmed, else that of their user in a CRM. */
export async function mailAddresses(
  db: Kysely<Tables>,
  personIds: readonly PersonId[],
): Promise<ReadonlyMap<PersonId, string>> {
  if (personIds.length === 0) return new Map()
  const { rows } = await sql<{ id: string; address: string }>`
    select distinct on (person_id) person_id as id, case kind when 'mail' then subject else email end as address
    from identity where person_id = any(${[...personIds]}::text[]) and state = 'confirmed'
      and (kind = 'mail' or email like '%_@_%')
    order by person_id, kind = 'mail' desc, kind = 'oidc' desc, id`.execute(db)
  return new Map(rows.map(({ id, address }) => [id, address]))
}

export type MessageToSend = {
  readonly id: number
  readonly personId: PersonId
  readonly address: string
  readonly subject: string
  readonly body: string
  readonly tries: number
}

/** A person gets at most one mail in this time; what comes meanwhile is in the next. */
const APART_MIN = 15
/** A server that refuses is asked again after 1, 2, 4 ... minutes, and then no more: the page shows why. */
const TRIES_MAX = 8

/**
 * The messages of one person that are to be sent now, as one mail. Claimed: another process leaves them alone for a minute.
 * A process that dies before it notes what became of them sends them a second time, which is better than never.
 */
export async function claimMessages(trx: Kysely<Tables>): Promise<MessageToSend[]> {
  const { rows } = await sql<MessageToSend>`
    with next as (
      select person_id, address from job_message m
      where sent_at is null and tries < ${TRIES_MAX} and next_try_at <= clock_timestamp() and not exists (
        select 1 from job_message s where s.person_id = m.person_id
          and s.sent_at > clock_timestamp() - ${APART_MIN} * interval '1 minute')
      order by id limit 1 for update skip locked
    )
    update job_message m set tries = tries + 1,
      next_try_at = clock_timestamp() + least(60, 2 ^ m.tries) * interval '1 minute'
    from next n
    where m.person_id = n.person_id and m.address = n.address and m.sent_at is null and m.tries < ${TRIES_MAX}
    returning m.id, m.person_id as "personId", m.address, m.subject, m.body, m.tries`.execute(trx)
  return rows.sort((a, b) => a.id - b.id)
}

export async function noteSent(db: Kysely<Tables>, ids: readonly number[], error: string | null): Promise<void> {
  await sql`
    update job_message set error = ${error}, sent_at = case when ${error}::text is null then clock_timestamp() end
    where id = any(${[...ids]}::bigint[])`.execute(db)
}

/** What is still to be mailed about causes that are over is not sent. */
export async function dropMessages(db: Kysely<Tables>, causes: readonly string[]): Promise<void> {
  await sql`delete from job_message where sent_at is null and cause <> all(${[...causes]}::text[])`.execute(db)
}
