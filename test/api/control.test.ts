import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { ControlReply } from '../../src/api/control/control-types.ts'
import type { Overview } from '../../src/api/overview/overview-types.ts'
import type { WorkflowsReply } from '../../src/api/workflows/workflow-types.ts'
import { refreshLaneHolders } from '../../src/store/people/lane-holders.ts'
import { openSession, type SignInMethod } from '../../src/store/people/sessions.ts'
import { createToken } from '../../src/store/people/tokens.ts'
import { contactPolicy, versionOf } from '../pipeline/harness.ts'
import { jobHeld, personWho } from '../support/jobs.ts'
import { type AppUnderTest, appUnderTest, problemOf } from './app-under-test.ts'

const ROUTING = { kind: 'workflow', workflow: 'routing' } as const

describe('the Control page', () => {
  let t: AppUnderTest
  let people: Record<string, string>
  before(async () => {
    t = await appUnderTest()
    const { hash, policy } = versionOf(contactPolicy())
    await sql`insert into policy_version (hash, workflow, document, source)
      values (${hash}, 'routing', ${JSON.stringify(policy)}::jsonb, '')`.execute(t.db)
    await sql`insert into workflow (workflow, title, hash, mode, effective_mode)
      values ('routing', 'Contact routing', ${hash}, 'live', 'live')`.execute(t.db)
    await sql`insert into connection (id, crm, title, account_id, base_url, writes_since)
      values ('hs', 'hubspot', 'HubSpot', '1', 'http://x', now())`.execute(t.db)
    people = {}
    for (const name of ['Maya', 'Ben', 'Tom', 'Eve']) {
      people[name] = await personWho(t.db, name, { mail: `${name.toLowerCase()}@x.example` })
    }
    await jobHeld(t.db, people.Maya!, { lane: 'rollback' })
    await jobHeld(t.db, people.Ben!, { lane: 'rollback', deputy: true })
    await jobHeld(t.db, people.Tom!, { lane: 'data' })
    await refreshLaneHolders(t.db, null)
  })
  after(() => t.close())
  beforeEach(async () => {
    await sql`truncate pause, pause_release, pause_grant, pause_request`.execute(t.db)
    await sql`select refresh_permits(null, null)`.execute(t.db)
  })

  const cookieFor = async (name: string, method: SignInMethod = 'code', onlyPauses = false) => {
    const { token } = await openSession(t.db, { personId: people[name]!, method, browser: 'a test', onlyPauses })
    return `lanekeeper${onlyPauses ? '-pause' : ''}_4000=${token}`
  }
  const post = async (cookie: string, url: string, payload?: object) =>
    t.call({ method: 'POST', url: `/api/console${url}`, headers: { cookie }, ...(payload && { payload }) })
  const control = async (cookie: string) => {
    const reply = await t.call({ url: '/api/console/control', headers: { cookie } })
    assert.equal(reply.statusCode, 200, reply.body)
    return reply.json<ControlReply>()
  }
  const why = async () =>
    (await sql<{ why: string }>`select why from permit where workflow <> ''`.execute(t.db)).rows.map(
      (permit) => permit.why,
    )

  it('says to everybody who may pause what, and which of the three they are', async () => {
    for (const [name, may] of [
      ['Maya', 'pause'],
      ['Ben', 'pause'],
      ['Tom', 'ask'],
      ['Eve', 'nothing'],
    ] as const) {
      const { workflows, connections, onlyPauses } = await control(await cookieFor(name))
      assert.equal(onlyPauses, false)
      assert.deepEqual(
        [...workflows, ...connections].map((one) => [one.title, one.may, one.whoMay.map((who) => who.name)]),
        [
          ['Contact routing', may, ['Maya', 'Ben']],
          ['HubSpot', may, ['Maya', 'Ben']],
        ],
      )
      assert.deepEqual(workflows[0]!.branches, ['all'])
    }
  })

  it('pauses with any sign-in, shows it with its reason on every page, and resumes with a strong one', async () => {
    const link = await cookieFor('Maya', 'link')
    const reply = await post(link, '/pauses', { scope: ROUTING, reason: 'Wrong owners' })
    assert.equal(reply.statusCode, 200, reply.body)
    assert.deepEqual(await why(), ['paused'])
    const { pauseId } = reply.json<{ pauseId: number }>()
    await sql`insert into intent (connection_id, workflow, kind, object_type, record_id, payload, policy_hash)
      select 'hs', 'routing', 'owner', 'contacts', n::text, '{"branch": "all"}', 'h' from generate_series(1, 3) n`.execute(
      t.db,
    )
    const [paused] = (await control(link)).paused
    const { at: _, id: __, mayNotResume, ...told } = paused!
    assert.deepEqual(told, {
      scope: ROUTING,
      title: 'Contact routing',
      reason: 'Wrong owners',
      by: 'Maya',
      askedBy: null,
      endedAt: null,
      endedBy: null,
      waiting: { n: 3, isMore: false },
      grants: { n: 0, answered: 0 },
      stillPaused: [],
    })
    assert.match(mayNotResume!, /signed in with a link/)
    const strong = await cookieFor('Ben')
    assert.equal((await control(strong)).paused[0]!.mayNotResume, null)
    const workflows = (
      await t.call({ url: '/api/console/workflows', headers: { cookie: strong } })
    ).json<WorkflowsReply>()
    assert.match(workflows.workflows[0]!.limits.join(), /Paused by Maya: owner changes wait until it is resumed\./)
    const { alerts } = (await t.call({ url: '/api/console/overview', headers: { cookie: strong } })).json<Overview>()
    assert.ok(alerts.some(({ title, about }) => title === 'Paused: Contact routing' && about === 'control'))

    const refused = await post(link, `/pauses/${pauseId}/resume`)
    assert.deepEqual([refused.statusCode, problemOf(refused).type.split(':').at(-1)], [403, 'not-allowed'])
    assert.deepEqual((await post(strong, `/pauses/${pauseId}/resume`)).json(), { isResumed: true, stillPaused: [] })
    assert.deepEqual((await post(strong, `/pauses/${pauseId}/resume`)).json(), { isResumed: false, stillPaused: [] })
    assert.deepEqual(await why(), [''])
    const { ended } = await control(strong)
    assert.deepEqual(
      ended.map(({ title, by, endedBy }) => [title, by, endedBy]),
      [['Contact routing', 'Maya', 'Ben']],
    )
    await sql`delete from intent`.execute(t.db)
  })

  it('refuses whoever may not, with the names of those who may, and changes nothing', async () => {
    for (const [name, url] of [
      ['Tom', '/pauses'],
      ['Eve', '/pauses'],
      ['Eve', '/pause-requests'],
    ] as const) {
      const reply = await post(await cookieFor(name), url, { scope: ROUTING })
      assert.equal(reply.statusCode, 403, `${name} ${url}`)
      if (url === '/pauses') assert.match(reply.body, /Maya/)
    }
    assert.deepEqual(await why(), [''])
  })

  it('takes requests, shows them to those who may pause, and lets them say no', async () => {
    const tom = await cookieFor('Tom')
    const maya = await cookieFor('Maya')
    const asked = await post(tom, '/pause-requests', {
      scope: { kind: 'connection', connectionId: 'hs' },
      reason: 'Odd',
    })
    assert.equal(asked.statusCode, 200, asked.body)
    const [request] = (await control(maya)).requests
    assert.deepEqual(
      [request!.askedBy, request!.title, request!.reason, request!.mayPause],
      ['Tom', 'HubSpot', 'Odd', true],
    )
    assert.equal((await control(tom)).requests[0]!.mayPause, false)
    const decline = `/pause-requests/${request!.id}/decline`
    assert.equal((await post(tom, decline, { reason: 'No' })).statusCode, 403)
    assert.equal((await post(maya, decline, { reason: ' ' })).statusCode, 400)
    assert.deepEqual((await post(maya, decline, { reason: 'It is right' })).json(), { isAnswered: true })
    assert.deepEqual((await post(maya, decline, { reason: 'Again' })).json(), { isAnswered: false })
    assert.deepEqual((await control(maya)).requests, [])
  })

  it('takes a request of a program by its token, for its own workflow, and nothing else of it', async () => {
    const of = { title: 'Watchdog', workflow: 'routing', keeperId: people.Tom!, madeBy: 'terminal' }
    const { token } = await createToken(t.db, { ...of, scopes: ['ask-for-pause', 'read'] })
    const asks = (url: string, payload: object) =>
      t.call({ method: 'POST', url: `/api/console${url}`, headers: { authorization: `Bearer ${token}` }, payload })
    const reply = await asks('/pause-requests', { scope: ROUTING, reason: 'Bounce rate' })
    assert.equal(reply.statusCode, 200, reply.body)
    const maya = await cookieFor('Maya')
    assert.equal((await control(maya)).requests[0]!.askedBy, 'Watchdog')
    assert.equal((await asks('/pauses', { scope: ROUTING })).statusCode, 403)
    assert.equal((await asks('/pauses/1/resume', {})).statusCode, 403)
    const { token: reads } = await createToken(t.db, { ...of, scopes: ['read'] })
    const refused = await t.call({
      method: 'POST',
      url: '/api/console/pause-requests',
      headers: { authorization: `Bearer ${reads}` },
      payload: { scope: ROUTING },
    })
    assert.equal(refused.statusCode, 403)
    assert.deepEqual(await why(), [''])
  })

  it('a page that stays signed in shows what its owner may pause, pauses it, and resumes nothing', async () => {
    const page = await cookieFor('Maya', 'code', true)
    const before = await control(page)
    assert.deepEqual([before.onlyPauses, before.workflows.length, before.connections.length], [true, 1, 1])
    const { pauseId } = (await post(page, '/pauses', { scope: ROUTING })).json<{ pauseId: number }>()
    assert.deepEqual(await why(), ['paused'])
    assert.equal((await post(page, `/pauses/${pauseId}/resume`)).statusCode, 403)
    assert.match((await control(page)).paused[0]!.mayNotResume!, /can only pause/)
    const { workflows, ended, requests } = await control(await cookieFor('Tom', 'code', true))
    assert.deepEqual([workflows, ended, requests], [[], [], []])
  })

  it('answers what there is not with 404, and what makes no sense with 400', async () => {
    const maya = await cookieFor('Maya')
    for (const scope of [
      { kind: 'workflow', workflow: 'nothing' },
      { kind: 'branch', workflow: 'routing', branch: 'nothing' },
      { kind: 'connection', connectionId: 'nothing' },
    ]) {
      assert.equal((await post(maya, '/pauses', { scope })).statusCode, 404)
    }
    for (const body of [
      {},
      { scope: 'routing' },
      { scope: { kind: 'everything' } },
      { scope: { kind: 'workflow', workflow: '' } },
      { scope: { kind: 'workflow', workflow: 'routing', branch: 'all' } },
      { scope: ROUTING, reason: 'x'.repeat(1_001) },
      { scope: ROUTING, by: 'person:other' },
    ]) {
      assert.equal((await post(maya, '/pauses', body)).statusCode, 400, JSON.stringify(body))
    }
    assert.equal((await post(maya, '/pauses/99/resume')).statusCode, 404)
    assert.equal((await post(maya, '/pauses/abc/resume')).statusCode, 400)
    assert.equal(
      (await t.call({ method: 'POST', url: '/api/console/pauses', payload: { scope: ROUTING } })).statusCode,
      401,
    )
  })
})
