import { sql } from 'kysely'
import type { Database } from '../../src/store/database/database.ts'
import { makeAdmin } from '../../src/store/people/admins.ts'
import { createPerson, type PersonId } from '../../src/store/people/persons.ts'
import { openSession, type SignInMethod } from '../../src/store/people/sessions.ts'
import { createSignInLink } from '../../src/store/people/sign-in-links.ts'

export const TEST_ADMIN = 'Ada Admin'

/** The same admin however often a test asks. */
export async function testAdmin(db: Database): Promise<PersonId> {
  const { rows } = await sql<{ id: string }>`select id from person where name = ${TEST_ADMIN} limit 1`.execute(db)
  const known = rows[0]?.id
  if (known !== undefined) return known
  const id = await createPerson(db, { name: TEST_ADMIN, madeBy: 'terminal' })
  await makeAdmin(db, id, 'terminal')
  return id
}

/** A link as the terminal prints it for an admin. */
export async function adminLink(db: Database, publicUrl: string): Promise<string> {
  return createSignInLink(db, publicUrl, { personId: await testAdmin(db), madeBy: 'terminal', method: 'terminal' })
}

/** The value of a session's cookie, for somebody who has signed in; an admin by default. */
export async function sessionToken(
  db: Database,
  of: { readonly personId?: PersonId; readonly method?: SignInMethod } = {},
): Promise<string> {
  const personId = of.personId ?? (await testAdmin(db))
  return (await openSession(db, { personId, method: of.method ?? 'oidc', browser: 'a test' })).token
}
