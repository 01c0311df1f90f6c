import { sql } from 'kysely'
import type { Database } from '../../store/database/database.ts'

export type UserByEmail = {
  readonly email: string
  readonly name: string
  /** In any CRM. */
  readonly active: boolean
  /** And not frozen there. */
  readonly canLogIn: boolean
}

/** Whom a policy names by e-mail, as the CRMs have them. Those whom none has are left out. */
export async function usersByEmail(db: Database, emails: readonly string[]): Promise<ReadonlyMap<string, UserByEmail>> {
  const { rows } = await sql<UserByEmail>`
    select email, max(name) as name, bool_or(active) as active, bool_or(active and frozen is not true) as "canLogIn"
    from crm_user
    where kind = 'person' and email = any(${[...new Set(emails)]}::text[]) group by email`.execute(db)
  return new Map(rows.map((row) => [row.email, row]))
}
