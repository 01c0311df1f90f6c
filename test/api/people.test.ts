import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { PeopleReply, UsersReply } from '../../src/api/people/people-types.ts'
import { cookieOf as cookieFor } from '../../src/api/sessions/session-guard.ts'
import { runJobClock } from '../../src/people/run-job-clock.ts'
import { confirmIdentity, crmIdentity, mailIdentity } from '../../src/store/people/identities.ts'
import { refreshLaneHolders } from '../../src/store/people/lane-holders.ts'
import { createPerson, type PersonId } from '../../src/store/people/persons.ts'
import { sessionToken } from '../support/people.ts'
import { type AppUnderTest, appUnderTest, PUBLIC_URL, problemOf } from './app-under-test.ts'

describe('people and their jobs, for the console', () => {
  let t: AppUnderTest
  let helen: PersonId
  let pat: PersonId

  before(async () => {
    t = await appUnderTest()
    await sql`insert into connection (id, crm, title, account_id, base_url, writes_since)
      values ('hs', 'hubspot', 'Acme', '48120', 'https://x', now())`.execute(t.db)
    for (const [id, name] of [
      ['71', 'Helen Armstrong'],
      ['72', 'Zed Able'],
      ['73', 'Zed Baker'],
    ])
      await sql`insert into crm_user (connection_id, user_id, kind, email, name, active)
        values ('hs', ${id}, 'person', ${`u${id}@acme.example`}, ${name}, ${id !== '73'})`.execute(t.db)
    await sql`insert into policy_version (hash, workflow, document, source) values ('a', 'route', '{}', '')`.execute(
      t.db,
    )
    await sql`insert into workflow (workflow, title, hash, mode, effective_mode)
      values ('route', 'Routing', 'a', 'pilot', 'pilot')`.execute(t.db)
    helen = await createPerson(t.db, { name: 'Helen Armstrong', madeBy: 'terminal' })
    const user = crmIdentity({ crm: 'hubspot', accountId: '48120', userId: '71' })
    await confirmIdentity(t.db, helen, user, { email: 'u71@acme.example', by: 'terminal' })
    pat = await createPerson(t.db, { name: 'Pat Doe', madeBy: 'terminal' })
    await confirmIdentity(t.db, pat, mailIdentity('pat@acme.example'), { email: 'pat@acme.example', by: 'terminal' })
    await sql`insert into job (workflow, lane, person_id, offered_by, accepted_at)
      values ('route', 'workflow', ${helen}, 'terminal', now())`.execute(t.db)
    await refreshLaneHolders(t.db, null)
  })
  after(() => t.close())

  async function as(personId: PersonId | null) {
    const token = await sessionToken(t.db, personId === null ? {} : { personId })
    const headers = { cookie: `${cookieFor(PUBLIC_URL).name}=${token}` }
    return {
      read: async () => (await t.call({ url: '/api/console/people', headers })).json<PeopleReply>(),
      get: (url: string) => t.call({ url: `/api/console${url}`, headers }),
      post: (url: string, payload?: object) =>
        t.call({ method: 'POST', url: `/api/console${url}`, headers, ...(payload && { payload }) }),
    }
  }
  const boundary = (personId: PersonId) => ({
    workflow: 'route',
    lane: 'boundary',
    circle: null,
    deputy: false,
    personId,
  })
  const jobOf = (reply: PeopleReply, id: PersonId) => reply.people.find((one) => one.id === id)?.jobs[0]

  it('name what is vacant, with what breaks and who can name somebody', async () => {
    const { workflows } = await (await as(helen)).read()
    const place = workflows[0]?.places.find(({ lane }) => lane === 'boundary')
    assert.deepEqual(
      [place?.isVacant, place?.canAppoint, place?.appointers.map(({ name }) => name)],
      [true, true, ['Helen Armstrong']],
    )
    assert.match(place!.without, /Without a boundary owner/)
    const seen = (await (await as(pat)).read()).workflows[0]?.places.find(({ lane }) => lane === 'boundary')
    assert.equal(seen?.canAppoint, false)
  })

  it('are offered jobs by who may, and by nobody else, who learn whom to ask', async () => {
    const refused = await (await as(pat)).post('/people/jobs', boundary(pat))
    assert.equal(refused.statusCode, 403, refused.body)
    assert.match(problemOf(refused).detail, /Ask Helen Armstrong\.$/)
    assert.equal((await (await as(helen)).post('/people/jobs', boundary(pat))).statusCode, 200)
    const again = await (await as(helen)).post('/people/jobs', boundary(pat))
    assert.equal(again.statusCode, 409)
    // No user of a CRM and no mail server: an admin has to tell Pat.
    await runJobClock(t.db, { publicUrl: PUBLIC_URL, canMail: false })
    assert.deepEqual(jobOf(await (await as(null)).read(), pat)?.told, [{ by: 'hand' }])
  })

  it('answer for themselves, once', async () => {
    const id = jobOf(await (await as(pat)).read(), pat)!.id
    const url = `/people/jobs/${id}/answer`
    assert.equal((await (await as(helen)).post(url, { answer: 'accept' })).statusCode, 403)
    assert.equal((await (await as(pat)).post(url, { answer: 'perhaps' })).statusCode, 400)
    assert.equal((await (await as(pat)).post('/people/jobs/999999/answer', { answer: 'accept' })).statusCode, 404)
    assert.equal((await (await as(pat)).post(url, { answer: 'accept' })).statusCode, 200)
    assert.equal((await (await as(pat)).post(url, { answer: 'decline' })).statusCode, 409)
    assert.equal(jobOf(await (await as(pat)).read(), pat)?.state, 'accepted')
    assert.equal((await (await as(pat)).post(url, { answer: 'give-back' })).statusCode, 200)
    const over = jobOf(await (await as(pat)).read(), pat)
    assert.deepEqual([over?.state, over?.endedBecause], ['ended', 'given back'])
  })

  it('are invited by an admin from active users of a CRM, by id, and by e-mail', async () => {
    assert.equal((await (await as(helen)).get('/people/users')).statusCode, 403)
    const admin = await as(null)
    const { users } = (await admin.get('/people/users?q=zed')).json<UsersReply>()
    assert.deepEqual(
      users.map(({ name, where }) => [name, where]),
      [['Zed Able', 'HubSpot, Acme']],
    )
    const body = { by: 'user', connectionId: 'hs', userId: '72' }
    const first = (await admin.post('/people', body)).json()
    const second = (await admin.post('/people', body)).json()
    assert.deepEqual([first.isNew, second], [true, { personId: first.personId, isNew: false }])
    assert.equal((await admin.post('/people', { by: 'user', connectionId: 'hs', userId: '73' })).statusCode, 404)
    const mailed = { by: 'email', email: 'New.Person@Acme.example', name: 'New Person' }
    const person = (await admin.post('/people', mailed)).json()
    assert.equal(
      (await admin.post('/people', { ...mailed, email: 'new.person@acme.example' })).json().personId,
      person.personId,
    )
    const { rows } = await sql<{ body: string }>`select body from ledger where kind = 'person-invited'`.execute(t.db)
    assert.equal(rows.length, 2)
    assert.ok(!JSON.stringify(rows).includes('acme'), 'the ledger names no address')
  })

  it('get a sign-in link from an admin alone', async () => {
    assert.equal((await (await as(helen)).post(`/people/${pat}/link`)).statusCode, 403)
    const reply = await (await as(null)).post(`/people/${pat}/link`)
    assert.match(reply.json().url, /^http:\/\/localhost:4000\/sign-in#/)
    assert.equal((await (await as(null)).post('/people/0123456789abcdef/link')).statusCode, 404)
  })

  it('are ended by an admin alone, and nobody ends themself', async () => {
    const session = await as(helen)
    assert.equal((await session.post(`/people/${pat}/end`)).statusCode, 403)
    const admin = await as(null)
    const you = (await admin.read()).you.id
    assert.equal((await admin.post(`/people/${you}/end`)).statusCode, 400)
    assert.equal((await admin.post('/people/0123456789abcdef/end')).statusCode, 404)
  })
})
