import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'
import { refreshLaneHolders } from './lane-holders.ts'
import type { PersonId } from './persons.ts'

/** Makes the person an admin of this installation. False: they are one already. */
export async function makeAdmin(db: Kysely<Tables>, personId: PersonId, by: string): Promise<boolean> {
  const { rows } = await sql`
    insert into job (workflow, lane, person_id, offered_by, accepted_at)
    values ('', 'admin', ${personId}, ${by}, clock_timestamp())
    on conflict (workflow, lane, coalesce(circle, ''), deputy, person_id) where ended_at is null do nothing
    returning 1`.execute(db)
  if (rows.length > 0) await refreshLaneHolders(db, '')
  return rows.length > 0
}

/** Everybody who connects CRMs, edits drafts and invites here, by id. */
export async function listAdmins(db: Kysely<Tables>): Promise<PersonId[]> {
  const { rows } = await sql<{ person_id: string }>`
    select j.person_id from job j join person p on p.id = j.person_id and p.ended_at is null
    where j.lane = 'admin' and j.accepted_at is not null and j.ended_at is null order by j.id`.execute(db)
  return rows.map(({ person_id: id }) => id)
}
