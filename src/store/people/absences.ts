import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'
import type { PersonId } from './persons.ts'

export type Absence = {
  readonly id: number
  readonly personId: PersonId
  /** Days of their own calendar, both included. */
  readonly fromDay: string
  readonly untilDay: string
  readonly delegateId: PersonId | null
}

const COLUMNS = sql`a.id, a.person_id as "personId", to_char(a.from_day, 'YYYY-MM-DD') as "fromDay",
  to_char(a.until_day, 'YYYY-MM-DD') as "untilDay", a.delegate_id as "delegateId"`

/** Absences that were not taken back and are not over everywhere on earth, the earliest first. Left out: of everybody. */
export async function absencesOf(db: Kysely<Tables>, personId?: PersonId): Promise<Absence[]> {
  const { rows } = await sql<Absence>`
    select ${COLUMNS} from absence a
    where a.ended_at is null and a.until_day >= (clock_timestamp() at time zone 'UTC')::date - 1
      and (${personId ?? null}::text is null or a.person_id = ${personId ?? null})
    order by a.from_day, a.id`.execute(db)
  return rows
}

/**
 * Whether an absence began or ended at a midnight of its person that whoever stands in does not show yet: a delegate is
 * missing, or stands in still. Asked every few seconds, so it reads only open absences with a delegate.
 */
export async function areAbsencesDue(db: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql`
    select 1 where exists (
      select 1 from absence a where a.ended_at is null and a.delegate_id is not null
        and a.until_day >= (clock_timestamp() at time zone 'UTC')::date - 2
        and a.from_day <= (clock_timestamp() at time zone 'UTC')::date + 1
    ) or exists (select 1 from lane_holder l where l.role = 'delegate')`.execute(db)
  return rows.length > 0
}

export async function insertAbsence(
  trx: Kysely<Tables>,
  { personId, fromDay, untilDay, delegateId }: Omit<Absence, 'id'>,
  by: string,
): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    insert into absence (person_id, from_day, until_day, delegate_id, made_by, made_at)
    values (${personId}, ${fromDay}::date, ${untilDay}::date, ${delegateId}, ${by}, clock_timestamp())
    returning id`.execute(trx)
  return rows[0]!.id
}

/** Held until the transaction ends. Null: there is none, or it was taken back. */
export async function lockAbsence(trx: Kysely<Tables>, id: number): Promise<Absence | null> {
  const { rows } = await sql<Absence>`
    select ${COLUMNS} from absence a where a.id = ${id} and a.ended_at is null for update`.execute(trx)
  return rows[0] ?? null
}

export async function endAbsence(trx: Kysely<Tables>, id: number, by: string): Promise<void> {
  await sql`update absence set ended_at = clock_timestamp(), ended_by = ${by} where id = ${id}`.execute(trx)
}
