import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import { type TestDatabase, testDatabase } from '../../test/support/database.ts'
import { confirmIdentity, crmIdentity, mailIdentity, personOfIdentity } from '../store/people/identities.ts'
import { createPerson, type PersonId } from '../store/people/persons.ts'
import { proposeCrmUsers } from './join-crm.ts'

describe('a user of a CRM', () => {
  let t: TestDatabase
  let [tom, ann]: PersonId[] = []
  before(async () => {
    t = await testDatabase()
  })
  after(() => t.drop())
  beforeEach(async () => {
    await sql`truncate person, connection, crm_user cascade`.execute(t.db)
    await connect('org', 'salesforce', '00D1')
    ;[tom, ann] = [await person('Tom', 'tom@acme.test'), await person('Ann', 'ann@acme.test')]
  })

  async function person(name: string, address: string): Promise<PersonId> {
    const id = await createPerson(t.db, { name, madeBy: 'terminal' })
    await confirmIdentity(t.db, id, mailIdentity(address), { email: address, by: 'terminal' })
    return id
  }
  const connect = (id: string, crm: string, account: string) =>
    sql`insert into connection (id, crm, title, account_id, base_url) values (${id}, ${crm}, ${id}, ${account}, 'x')`.execute(
      t.db,
    )
  const user = (id: string, email: string | null, over: { active?: boolean; in?: string } = {}) =>
    sql`insert into crm_user (connection_id, user_id, kind, email, name, active)
      values (${over.in ?? 'org'}, ${id}, 'person', ${email}, 'A user', ${over.active ?? true})`.execute(t.db)
  const confirm = (personId: PersonId, userId: string) =>
    confirmIdentity(t.db, personId, crmIdentity({ crm: 'salesforce', accountId: '00D1', userId }), {
      email: null,
      by: 'terminal',
    })
  async function joins(): Promise<[string, string, string][]> {
    const { rows } = await sql<{ name: string; subject: string; state: string }>`
      select p.name, i.subject, i.state from identity i join person p on p.id = i.person_id
      where i.kind = 'crm' and i.state <> 'confirmed' order by p.name, i.subject`.execute(t.db)
    return rows.map(({ name, subject, state }) => [name, subject, state])
  }

  it('is proposed as whoever has the same address, once, and is nobody before a yes', async () => {
    await user('005T', 'Tom@Acme.test')
    assert.equal(await proposeCrmUsers(t.db), 1)
    assert.equal(await proposeCrmUsers(t.db), 0)
    assert.deepEqual(await joins(), [['Tom', '005T', 'proposed']])
    const key = crmIdentity({ crm: 'salesforce', accountId: '00D1', userId: '005T' })
    assert.equal(await personOfIdentity(t.db, key), null)
  })

  it('of a sandbox org is proposed without the .invalid of its address, also by what another CRM calls the person', async () => {
    await user('005T', 'tom@acme.test.invalid')
    await user('005X', 'tom@acme.test.invalid.example')
    await user('005N', null)
    await user('005F', 'ann@acme.test', { active: false })
    await proposeCrmUsers(t.db)
    assert.deepEqual(await joins(), [['Tom', '005T', 'proposed']])
  })

  it('that was given the address of somebody else is a conflict, and stays who it was', async () => {
    await user('005A', 'ann@acme.test')
    await confirm(ann!, '005A')
    await sql`update crm_user set email = 'tom@acme.test'`.execute(t.db)
    await proposeCrmUsers(t.db)
    assert.deepEqual(await joins(), [
      // Tom now has the address of a user who is Ann.
      ['Tom', '005A', 'conflict'],
    ])
    const key = crmIdentity({ crm: 'salesforce', accountId: '00D1', userId: '005A' })
    assert.equal(await personOfIdentity(t.db, key), ann)
  })

  it('with the reused address of somebody who left is nobody', async () => {
    await sql`update person set ended_at = now() where id = ${tom!}`.execute(t.db)
    await user('005T', 'tom@acme.test')
    assert.equal(await proposeCrmUsers(t.db), 0)
  })

  it('is a conflict where two users of one CRM have the address', async () => {
    await user('005T', 'tom@acme.test')
    await user('005U', 'tom@acme.test')
    await proposeCrmUsers(t.db)
    assert.deepEqual(await joins(), [
      ['Tom', '005T', 'conflict'],
      ['Tom', '005U', 'conflict'],
    ])
  })

  it('that is renamed, frozen, deactivated or gone moves nothing', async () => {
    await user('005T', 'tom@acme.test')
    await confirm(tom!, '005T')
    const key = crmIdentity({ crm: 'salesforce', accountId: '00D1', userId: '005T' })
    for (const change of [
      sql`update crm_user set name = 'Somebody Else', email = 'new@acme.test'`,
      sql`update crm_user set frozen = true`,
      sql`update crm_user set active = false`,
      sql`update crm_user set gone_at = now()`,
      sql`delete from crm_user`,
    ]) {
      await change.execute(t.db)
      await proposeCrmUsers(t.db)
      assert.equal(await personOfIdentity(t.db, key), tom)
      assert.deepEqual(await joins(), [])
    }
  })

  it('of a sandbox that was refreshed under a new org id is proposed anew: nothing is carried over', async () => {
    await user('005T', 'tom@acme.test.invalid')
    await confirm(tom!, '005T')
    await connect('org-2', 'salesforce', '00D2')
    await user('005T', 'tom@acme.test.invalid', { in: 'org-2' })
    await proposeCrmUsers(t.db)
    assert.deepEqual(await joins(), [['Tom', '005T', 'proposed']])
    const key = crmIdentity({ crm: 'salesforce', accountId: '00D2', userId: '005T' })
    assert.equal(await personOfIdentity(t.db, key), null)
  })

  it('that was refused as somebody is not proposed as them again', async () => {
    await user('005T', 'tom@acme.test')
    await proposeCrmUsers(t.db)
    await sql`update identity set state = 'refused' where kind = 'crm'`.execute(t.db)
    assert.equal(await proposeCrmUsers(t.db), 0)
  })
})
