import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'
import { crmIdentity, type IdentityKey } from '../people/identities.ts'

export type CrmUserToInvite = { readonly identity: IdentityKey; readonly name: string; readonly email: string | null }

/** An active user of a connection that is there. Null: there is none with this id. */
export async function findCrmUser(
  db: Kysely<Tables>,
  { connectionId, userId }: { readonly connectionId: string; readonly userId: string },
): Promise<CrmUserToInvite | null> {
  const { rows } = await sql<{ crm: string; account_id: string; name: string; email: string | null }>`
    select c.crm, c.account_id, u.name, u.email from crm_user u
    join connection c on c.id = u.connection_id and c.status <> 'disconnected'
    where u.connection_id = ${connectionId} and u.user_id = ${userId} and u.kind = 'person' and u.active
      and u.gone_at is null`.execute(db)
  const user = rows[0]
  if (user === undefined) return null
  const identity = crmIdentity({ crm: user.crm, accountId: user.account_id, userId })
  return { identity, name: user.name, email: user.email }
}
