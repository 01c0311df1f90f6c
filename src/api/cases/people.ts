import { sql } from 'kysely'
import type { Database } from '../../store/database/database.ts'
import type { Person } from '../server/shared-types.ts'

/**
 * Names for e-mails, as the CRMs have them. A user of two CRMs is active when active in either one: a user can leave one
 * CRM and keep working in the other.
 */
export async function readPeople(db: Database, emails: readonly string[]): Promise<(email: string) => Person> {
  const wanted = [...new Set(emails.map((email) => email.toLowerCase()))]
  const { rows } =
    wanted.length === 0
      ? { rows: [] }
      : await sql<Person>`
          select email, max(name) as name, bool_or(active) as active from crm_user
          where email = any(${wanted}) and kind = 'person' group by email`.execute(db)
  const byEmail = new Map(rows.map((row) => [row.email, row]))
  return (email) => byEmail.get(email.toLowerCase()) ?? { email, name: nameFrom(email), active: false }
}

/** A fallback for users of no connected CRM: `ann.lee@acme.com` reads "Ann Lee". */
function nameFrom(email: string): string {
  const words = email
    .split('@')[0]!
    .split(/[._-]+/)
    .filter(Boolean)
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(' ') || email
}
