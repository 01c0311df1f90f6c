import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'
import type { PersonId } from './persons.ts'

/** What besides the lanes decides whether somebody may act, as it is at this moment. */
export type Standing = {
  readonly nowMs: number
  /** Somebody here has signed in through an OIDC issuer: then a strong act can ask for a sign-in of just now. */
  readonly hasSignInProvider: boolean
  /** False: the person ended, or was never ours. */
  readonly isActive: boolean
}

export async function readStanding(db: Kysely<Tables>, personId: PersonId | null): Promise<Standing> {
  const { rows } = await sql<Standing>`
    select (extract(epoch from clock_timestamp()) * 1000)::float8 as "nowMs",
      exists (select 1 from identity where kind = 'oidc' and state = 'confirmed') as "hasSignInProvider",
      exists (select 1 from person where id = ${personId} and ended_at is null) as "isActive"`.execute(db)
  return rows[0]!
}
