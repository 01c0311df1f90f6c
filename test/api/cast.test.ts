import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { CastOffered, CastReply } from '../../src/api/people/cast-types.ts'
import type { PeopleReply } from '../../src/api/people/people-types.ts'
import { cookieOf as cookieFor } from '../../src/api/sessions/session-guard.ts'
import type { PersonId } from '../../src/store/people/persons.ts'
import { connectedCrm, crmUserIs, personWho } from '../support/jobs.ts'
import { sessionToken } from '../support/people.ts'
import { type AppUnderTest, appUnderTest, PUBLIC_URL, problemOf } from './app-under-test.ts'

describe('the smallest cast of a workflow, for the console', () => {
  let t: AppUnderTest
  let stranger: PersonId

  before(async () => {
    t = await appUnderTest()
    const crm = await connectedCrm(t.db, 'hubspot')
    for (const user of ['ann', 'ben', 'cy']) await crmUserIs(t.db, crm, user)
    await crmUserIs(t.db, crm, 'gone', { active: false })
    // Two users with one e-mail are nobody in particular.
    for (const user of ['a-twin', 'b-twin']) await crmUserIs(t.db, crm, user, { email: 'twin@x.example' })
    const document = JSON.stringify({ objects: [{ crm: 'hubspot', object: 'contacts' }] })
    await sql`insert into policy_version (hash, workflow, document, source) values ('a', 'routing', ${document}, '')`.execute(
      t.db,
    )
    await sql`insert into workflow (workflow, title, hash, mode, effective_mode)
      values ('routing', 'Routing', 'a', 'pilot', 'observe')`.execute(t.db)
    stranger = await personWho(t.db, 'Sam Stranger', { mail: 'sam@x.example' })
  })
  after(() => t.close())

  async function as(personId: PersonId | null) {
    const token = await sessionToken(t.db, personId === null ? {} : { personId })
    const headers = { cookie: `${cookieFor(PUBLIC_URL).name}=${token}` }
    const url = '/api/console/people/cast/routing'
    return {
      cast: async () => (await t.call({ url, headers })).json<CastReply>(),
      people: async () => (await t.call({ url: '/api/console/people', headers })).json<PeopleReply>(),
      ask: (payload: object) => t.call({ method: 'POST', url, headers, payload }),
      answer: (id: number) =>
        t.call({
          method: 'POST',
          url: `/api/console/people/jobs/${id}/answer`,
          headers,
          payload: { answer: 'accept' },
        }),
    }
  }

  /** All of it, as the page sends it. */
  function jobsOf(cast: CastReply['pilot']) {
    return cast!.seats.flatMap(({ candidateId, jobs }) =>
      jobs.map(({ lane, circle }) => ({ lane, circle, candidateId })),
    )
  }

  const offered = async () =>
    (
      await sql<{ lane: string; name: string }>`
        select j.lane, p.name from job j join person p on p.id = j.person_id where j.lane <> 'admin' order by j.id`.execute(
        t.db,
      )
    ).rows.map(({ lane, name }) => `${lane} ${name}`)

  it('names active users for every job, with minutes a week, and is nobody’s to offer who may name nobody', async () => {
    const sam = await as(stranger)
    const { pilot, live } = await sam.cast()
    assert.deepEqual([pilot?.people, live?.people], [2, 3])
    assert.deepEqual(
      pilot!.seats.map(({ name, isHere, jobs }) => [name, isHere, jobs.length]),
      [
        ['ben', false, 5],
        ['ann', false, 3],
      ],
    )
    assert.ok(live!.seats.every(({ jobs }) => jobs.every(({ minutesAWeek, canAsk }) => minutesAWeek >= 0 && !canAsk)))
    const refused = await sam.ask({ mode: 'pilot', jobs: jobsOf(pilot) })
    assert.equal(refused.statusCode, 403, refused.body)
    assert.deepEqual(await offered(), [])
    const { rows } = await sql`select 1 from ledger where kind = 'refused' and actor = ${`person:${stranger}`}`.execute(
      t.db,
    )
    assert.equal(rows.length, 1)
  })

  it('is offered by an admin as far as an admin names somebody, who invites all of it', async () => {
    const admin = await as(null)
    const { pilot } = await admin.cast()
    const reply = await admin.ask({ mode: 'pilot', jobs: jobsOf(pilot) })
    assert.equal(reply.statusCode, 200, reply.body)
    assert.deepEqual(reply.json<CastOffered>(), { invited: 2, offered: 1, left: 7 })
    assert.deepEqual(await offered(), ['workflow ben'])
    const again = await admin.ask({ mode: 'pilot', jobs: jobsOf(pilot) })
    assert.equal(again.statusCode, 409, again.body)
    assert.match(problemOf(again).detail, /changed meanwhile/)
  })

  it('is offered with one click by the workflow owner, who stays in their place', async () => {
    const { people } = await (await as(null)).people()
    const ben = people.find(({ name }) => name === 'ben')!
    const owner = await as(ben.id)
    assert.equal((await owner.answer(ben.jobs[0]!.id)).statusCode, 200)
    const { pilot } = await owner.cast()
    assert.deepEqual(
      pilot!.seats.map(({ name, isHere, jobs }) => [name, isHere, jobs.length]),
      [
        ['ben', true, 4],
        ['ann', true, 3],
      ],
    )
    // What was not proposed is not offered with it.
    const forged = [...jobsOf(pilot), { lane: 'data', circle: null, candidateId: stranger }]
    assert.equal((await owner.ask({ mode: 'pilot', jobs: forged })).statusCode, 409)
    assert.deepEqual((await owner.ask({ mode: 'pilot', jobs: jobsOf(pilot) })).json(), {
      invited: 0,
      offered: 7,
      left: 0,
    })
    assert.equal((await offered()).length, 8)
    assert.deepEqual((await owner.cast()).pilot!.seats, [])
    const boundary = (await owner.people()).people
      .find(({ name }) => name === 'ann')!
      .jobs.find(({ lane }) => lane === 'boundary')
    assert.deepEqual([boundary?.state, boundary?.minutesAWeek], ['offered', 15])
  })
})
