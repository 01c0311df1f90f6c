import { sql } from 'kysely'
import type { Database } from '../../src/store/database/database.ts'
import { confirmIdentity, crmIdentity } from '../../src/store/people/identities.ts'
import { refreshLaneHolders } from '../../src/store/people/lane-holders.ts'
import { createPerson, type PersonId } from '../../src/store/people/persons.ts'

export type Cast = Readonly<Record<'helen' | 'dana' | 'grace' | 'tom' | 'erik' | 'nina', PersonId>>

const NAMES = {
  helen: ['Helen Armstrong', 'helen.armstrong'],
  dana: ['Dana Brooks', 'dana.brooks'],
  grace: ['Grace Kim', 'grace.kim'],
  tom: ['Tom Becker', 'tom.becker'],
  erik: ['Erik Sandberg', 'erik.sandberg'],
  nina: ['Nina Petrova', 'nina.petrova'],
} as const

/** People with jobs in every workflow of the console's rows: Helen is workflow owner, Dana boundary owner. */
export async function seedJobs(db: Database): Promise<Cast> {
  const cast: Record<string, PersonId> = {}
  for (const [key, [name, mail]] of Object.entries(NAMES)) {
    const email = `${mail}@brightwater.example`
    const id = await createPerson(db, { name, madeBy: 'sandbox' })
    const { rows } = await sql<{ user_id: string; crm: string; account_id: string }>`
      select u.user_id, c.crm, c.account_id from crm_user u join connection c on c.id = u.connection_id
      where u.email = ${email} order by c.id`.execute(db)
    for (const { user_id: userId, crm, account_id: accountId } of rows) {
      await confirmIdentity(db, id, crmIdentity({ crm, accountId, userId }), { email, by: 'sandbox' })
    }
    cast[key] = id
  }
  const jobs = [
    ['workflow', null, cast.helen],
    ['boundary', null, cast.dana],
    ['rollback', null, cast.erik],
    ['override', null, cast.grace],
    ['data', null, cast.nina],
    ['review', 'general', cast.tom],
    ['review', 'senior', cast.grace],
    ['review', 'approved', cast.helen],
  ] as const
  for (const [lane, circle, id] of jobs) {
    await sql`
      insert into job (workflow, lane, circle, person_id, offered_by, offered_at, accepted_at, confirm_by)
      select workflow, ${lane}, ${circle}, ${id}, 'sandbox', now() - interval '40 days', now() - interval '39 days',
        now() + interval '11 months'
      from workflow where hash is not null`.execute(db)
  }
  await refreshLaneHolders(db, null)
  return cast as Cast
}
