import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'
import type { PersonId } from './persons.ts'

/** The users of connected CRMs that this person is, as far as that was confirmed. */
export async function crmUsersOf(
  db: Kysely<Tables>,
  personId: PersonId,
): Promise<{ readonly connectionId: string; readonly userId: string }[]> {
  const { rows } = await sql<{ connectionId: string; userId: string }>`
    select c.id as "connectionId", i.subject as "userId" from identity i
    join connection c on i.issuer = c.identity_issuer and c.status <> 'disconnected'
    where i.person_id = ${personId} and i.kind = 'crm' and i.state = 'confirmed' order by c.id, i.subject`.execute(db)
  return rows
}
