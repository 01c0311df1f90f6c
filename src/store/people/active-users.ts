import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'
import type { PersonId } from './persons.ts'

/**
 * Whether the person has an active user in any connected CRM, as the last poll saw it. no-user: no CRM knows them, as of
 * somebody who signs in by a provider or a code alone.
 */
export async function isActiveUser(db: Kysely<Tables>, personId: PersonId): Promise<boolean | 'no-user'> {
  const { rows } = await sql<{ active: boolean | null }>`
    select bool_or(u.active) as active from identity i
    join connection c on c.crm || ':' || c.account_id = i.issuer and c.status <> 'disconnected'
    join crm_user u on u.connection_id = c.id and u.user_id = i.subject
    where i.person_id = ${personId} and i.kind = 'crm' and i.state = 'confirmed'`.execute(db)
  return rows[0]?.active ?? 'no-user'
}
