import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ActsReply } from '../../src/api/acts/acts-types.ts'
import { canonicalJson } from '../../src/model/policy/canonical.ts'
import { appendLedger } from '../../src/store/ledger/ledger.ts'
import type { PersonId } from '../../src/store/people/persons.ts'
import { connectedCrm, jobHeld } from '../support/jobs.ts'
import { personWithJobs } from '../support/lanes.ts'
import { type AppUnderTest, appUnderTest } from './app-under-test.ts'

describe('who did what', () => {
  let t: AppUnderTest
  let cookie: string
  let ann: PersonId
  before(async () => {
    t = await appUnderTest()
    cookie = await t.signedIn()
    ann = await personWithJobs(t.db, '=Ann, "the" Owner')
    await connectedCrm(t.db, 'hubspot')
    const entry = (minute: number, kind: string, actor: string, subject: string, body: object) => ({
      at: new Date(Date.UTC(2026, 0, 5, 12, minute)),
      kind,
      actor,
      subject,
      body: canonicalJson(body),
    })
    await t.db
      .transaction()
      .execute((trx) =>
        appendLedger(trx, [
          entry(0, 'writing-allowed', 'console:ab12', 'hubspot-1', {}),
          entry(1, 'decision', 'rule:r1', 'hubspot-1/contacts/5', { says: 'x' }),
          entry(2, 'decision', 'lanekeeper', 'hubspot-1/contacts/6', {}),
          entry(3, 'writing-held', `person:${ann}`, 'hubspot-1', {}),
          entry(4, 'refused', `person:${ann}`, 'hubspot-1', { act: 'resume', because: 'not-named' }),
          entry(5, 'connection-ended', 'terminal', 'hubspot-1', { history: 'keep', tasksLeft: 3 }),
        ]),
      )
  })
  after(() => t.close())

  const read = async (query = '') => {
    const reply = await t.call({ url: `/api/console/acts${query}`, headers: { cookie } })
    assert.equal(reply.statusCode, 200, reply.body)
    return reply.json<ActsReply>()
  }
  const inShort = ({ acts }: ActsReply) => acts.map(({ by, title, about }) => [by.name, title, about])

  it('is in the ledger, the newest first, with names and without what rules decided', async () => {
    const name = '=Ann, "the" Owner'
    assert.deepEqual(inShort(await read()), [
      ['Terminal of the server', 'Disconnected a CRM', 'Fake (hubspot-1)'],
      [name, 'Was refused: resume', 'Fake (hubspot-1)'],
      [name, 'Turned off writing', 'Fake (hubspot-1)'],
      ['Console session, before people existed', 'Turned on writing', 'Fake (hubspot-1)'],
    ])
    const [first] = (await read()).acts
    assert.equal(first?.details, 'history: keep, tasksLeft: 3')
  })

  it('is found by person, kind and time, and read on page by page', async () => {
    assert.equal((await read(`?person=${ann}`)).acts.length, 2)
    assert.equal((await read(`?person=${ann}&kind=refused`)).acts.length, 1)
    const between = '?from=2026-01-05T12:03:00Z&until=2026-01-05T12:05:00Z'
    assert.deepEqual(
      (await read(between)).acts.map(({ kind }) => kind),
      ['refused', 'writing-held'],
    )
    const first = await read('?limit=3')
    assert.equal(first.acts.length, 3)
    const rest = await read(`?limit=3&before=${first.next}`)
    assert.deepEqual([rest.acts.length, rest.next], [1, null])
    assert.equal(rest.acts[0]?.by.kind, 'before-people')
    for (const bad of ['?person=x', '?from=yesterday', '?limit=0', '?limit=201', '?who=ann', "?kind=a'b"]) {
      const reply = await t.call({ url: `/api/console/acts${bad}`, headers: { cookie } })
      assert.equal(reply.statusCode, 400, bad)
    }
  })

  it('is found by workflow, and says which job of whom', async () => {
    const job = await jobHeld(t.db, ann, { lane: 'boundary' })
    const body = { workflow: 'routing', lane: 'boundary', circle: null, deputy: false, person: `person:${ann}` }
    const at = new Date(Date.UTC(2026, 0, 4))
    const entries = [
      { at, kind: 'job-offered', actor: 'terminal', subject: `job:${job}`, body: canonicalJson(body) },
      { at, kind: 'paused', actor: 'terminal', subject: 'routing', body: canonicalJson({}) },
    ]
    await t.db.transaction().execute((trx) => appendLedger(trx, entries))
    assert.deepEqual(
      (await read('?workflow=routing')).acts.map(({ title, about, details }) => [title, about, details]),
      [
        ['Paused', 'routing', ''],
        ['Offered a job', 'Boundary owner of routing: =Ann, "the" Owner', ''],
      ],
    )
    assert.deepEqual((await read('?workflow=routin')).acts, [])
  })

  it('leaves as CSV in which no cell is a formula, for whoever is signed in', async () => {
    const reply = await t.call({ url: `/api/console/acts.csv?person=${ann}`, headers: { cookie } })
    assert.match(String(reply.headers['content-type']), /^text\/csv/)
    const lines = reply.body.split('\r\n')
    assert.equal(lines[0], '"Time (UTC)","Who","Kind of who","Id","What","About","Details","Ledger entry"')
    assert.match(
      lines[1]!,
      /^"2026-01-05T12:04:00.000Z","'=Ann, ""the"" Owner","person","[0-9a-f]{16}","Was refused: resume",/,
    )
    assert.equal(lines.length, 4)
    assert.equal((await t.call({ url: '/api/console/acts.csv' })).statusCode, 401)
  })
})
