import { sql } from 'kysely'
import type { ConnectionId } from '../../src/model/record/change-event.ts'
import { crmProfile } from '../../src/model/record/crm-profile.ts'
import type { Database } from '../../src/store/database/database.ts'
import { saveUsers } from '../../src/store/decisions/people.ts'
import { saveConnection } from '../../src/store/lifecycle/save-connection.ts'
import { confirmIdentity, crmIdentity, mailIdentity } from '../../src/store/people/identities.ts'
import type { JobKey } from '../../src/store/people/jobs.ts'
import { createPerson, type PersonId } from '../../src/store/people/persons.ts'

export const ACCOUNT = '1'

/** A connected CRM with nobody in it yet. */
export async function connectedCrm(db: Database, crm: string): Promise<ConnectionId> {
  const id = `${crm}-1` as ConnectionId
  await saveConnection(db, {
    id,
    crm,
    baseUrl: 'http://127.0.0.1:1',
    identity: {
      accountId: ACCOUNT,
      title: 'Fake',
      timeZone: 'Europe/Berlin',
      actorId: null,
      actorName: null,
      edition: null,
      pagesUrl: null,
    },
    credentials: Buffer.from('none'),
    taskKey: { enforced: true, field: 'key', why: 'fake' },
    callLimit: crmProfile(crm).callLimits,
  })
  return id
}

export type UserState = {
  readonly active?: boolean
  readonly frozen?: boolean
  readonly email?: string
  readonly timeZone?: string
}

/** A user as the CRM's list has them now; asked again, it changes. */
export async function crmUserIs(db: Database, connectionId: ConnectionId, userId: string, state: UserState = {}) {
  const { active = true, frozen = false, email = `${userId}@x.example`, timeZone = null } = state
  const user = {
    connectionId,
    userId,
    kind: 'person',
    email,
    name: userId,
    active,
    frozen,
    activeMembers: null,
  } as const
  await saveUsers(db, connectionId, [{ ...user, timeZone }])
}

/** A person who is that user of each of these CRMs, and signs in by mail where `mail` says an address. */
export async function personWho(
  db: Database,
  name: string,
  of: { readonly users?: readonly (readonly [ConnectionId, string])[]; readonly mail?: string } = {},
): Promise<PersonId> {
  const id = await createPerson(db, { name, madeBy: 'terminal' })
  for (const [connectionId, userId] of of.users ?? []) {
    const crm = connectionId.slice(0, connectionId.lastIndexOf('-'))
    await confirmIdentity(db, id, crmIdentity({ crm, accountId: ACCOUNT, userId }), { email: null, by: 'terminal' })
  }
  if (of.mail !== undefined) await confirmIdentity(db, id, mailIdentity(of.mail), { email: of.mail, by: 'terminal' })
  return id
}

/** A job as if it had been offered and accepted, past every check. Nobody is told and nothing is worked out again. */
export async function jobHeld(
  db: Database,
  personId: PersonId,
  { workflow = 'routing', lane, circle = null, deputy = false }: Partial<JobKey> & Pick<JobKey, 'lane'>,
): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    insert into job (workflow, lane, circle, deputy, person_id, offered_by, accepted_at, place)
    select ${workflow}, ${lane}, ${circle}, ${deputy}, ${personId}, 'terminal', clock_timestamp(),
      count(*) from job where workflow = ${workflow} and lane = ${lane}
    returning id`.execute(db)
  return rows[0]!.id
}
