import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { InjectOptions, RouteOptions } from 'fastify'
import { sql } from 'kysely'
import type { SignInMethod } from '../../src/store/people/sessions.ts'
import { openSession } from '../../src/store/people/sessions.ts'
import { type ConnectStage, connectStage } from '../support/connect-stage.ts'
import { connectedCrm } from '../support/jobs.ts'
import { personWithJobs } from '../support/lanes.ts'
import { type AppUnderTest, appUnderTest, PUBLIC_URL, problemOf } from './app-under-test.ts'

/** A body that each route takes, so that what refuses is the missing permission. */
const CONNECTION = '/api/console/connections/hubspot-1'
const SHARES = { dayShare: 0.5, windowShare: 0.5 }
const CALLS: readonly (readonly [act: string, method: 'POST' | 'DELETE', url: string, body?: object])[] = [
  ['connect', 'POST', '/api/console/drafts', { kind: 'hubspot-token', token: 'x', baseUrl: 'http://127.0.0.1:1' }],
  ['connect', 'DELETE', '/api/console/drafts/d1'],
  ['connect', 'POST', '/api/console/drafts/d1/check'],
  ['connect', 'POST', '/api/console/drafts/d1/authorize'],
  ['connect', 'POST', '/api/console/drafts/d1/task-key'],
  ['connect', 'POST', '/api/console/drafts/d1/start', SHARES],
  ['connect', 'POST', `${CONNECTION}/check`],
  ['connect', 'POST', `${CONNECTION}/task-key`],
  ['connect', 'POST', `${CONNECTION}/shares`, SHARES],
  ['change-keys', 'POST', `${CONNECTION}/client-secret`, { retireOld: true }],
  ['allow-writing', 'POST', `${CONNECTION}/writing`, { allowed: true }],
  ['stop-writing', 'POST', `${CONNECTION}/writing`, { allowed: false }],
  ['disconnect', 'POST', `${CONNECTION}/disconnect`, { history: 'keep', title: '' }],
  ['disconnect', 'POST', `${CONNECTION}/disconnect`, { history: 'erase', title: 'Fake' }],
  ['scan', 'POST', `${CONNECTION}/comparison`],
  ['scan', 'POST', `${CONNECTION}/reread`, {}],
  ['replay-quarantine', 'POST', '/api/console/failed-events/replay', {}],
  [
    'apply-to-backlog',
    'POST',
    '/api/console/workflows/routing/backlog/apply',
    { versionId: 1, upTo: '1', cap: 1, perHour: 1 },
  ],
  ['stop-backlog', 'POST', '/api/console/workflows/routing/backlog/stop'],
  ['raise', 'POST', '/api/console/workflows/routing/mode', { mode: 'live', dailyCap: null, why: '', seenId: 1 }],
]

/** Acts of jobs in the workflow, which nobody holds here: an admin may not either. */
const OF_A_WORKFLOW: ReadonlySet<string> = new Set(['apply-to-backlog', 'stop-backlog', 'raise'])

describe('every route that changes something', () => {
  let stage: ConnectStage
  let t: AppUnderTest
  const routes: RouteOptions[] = []
  before(async () => {
    stage = await connectStage()
    t = await appUnderTest({ connect: (db) => stage.setUp(db, PUBLIC_URL) })
    t.app.addHook('onRoute', (route) => void routes.push(route))
    await t.app.ready()
    await connectedCrm(t.db, 'hubspot')
    await sql`insert into workflow (workflow, title, mode, effective_mode) values ('routing', 'Routing', 'live', 'live')`.execute(
      t.db,
    )
    await sql`insert into workflow_connection (connection_id, workflow) values ('hubspot-1', 'routing')`.execute(t.db)
  })
  after(async () => {
    await t?.close()
    await stage?.close()
  })

  const ledger = async () => {
    const { rows } = await sql<{ seq: number; kind: string; actor: string; subject: string; said: string }>`
      select seq, kind, actor, subject, (body::jsonb - 'salt')::text as said from ledger order by seq`.execute(t.db)
    return rows
  }
  /** Whatever a refusal must leave as it was. */
  const state = async () => {
    const { rows } = await sql<{ all: string }>`
      select (select string_agg(c::text, ';') from connection c) || (select count(*) from connection_draft)
        || (select count(*) from comparison) || (select count(*) from writing_consent)
        || (select string_agg(b::text, ';') from call_budget b) || (select count(*) from backlog_application) || (select count(*) from mode_change) as all`.execute(
      t.db,
    )
    return rows[0]!.all
  }
  const send = (cookie: string, [, method, url, payload]: (typeof CALLS)[number]) =>
    t.call({ method, url, headers: { cookie }, ...(payload ? { payload } : {}) } as InjectOptions)

  it('asks who may, and is tried below with somebody who may not', () => {
    const changing = routes.filter(({ method }) => [method].flat().some((one) => !['GET', 'HEAD'].includes(one)))
    const inConsole = changing.filter(({ url }) => url.startsWith('/api/console/'))
    assert.ok(inConsole.length >= 15, `${inConsole.length} routes`)
    assert.deepEqual(
      inConsole.filter(({ config }) => (config?.asks?.acts.length ?? 0) === 0).map(({ url }) => url),
      [],
    )
    // Outside of it people sign in and CRMs deliver.
    const elsewhere = changing.filter(({ url }) => !url.startsWith('/api/console/')).map(({ url }) => url)
    assert.deepEqual(
      elsewhere.filter((url) => !/^\/(api\/session|webhooks)(\/|$)/.test(url)),
      [],
    )
    const pattern = (url: string) => new RegExp(`^${url.replace(/:\w+/g, '[^/]+')}$`)
    const own = inConsole.filter(({ url }) =>
      /console\/(drafts|connections|failed-events|workflows\/:workflow\/(backlog|mode))/.test(url),
    )
    const untried = own.filter(
      ({ url, method }) => !CALLS.some((call) => call[1] === method && pattern(url).test(call[2])),
    )
    assert.deepEqual(
      untried.map(({ method, url }) => `${method} ${url}`),
      [],
    )
  })

  it('cannot be registered without saying what it asks', async () => {
    const { consoleRoutes } = await import('../../src/api/console-routes.ts')
    assert.equal(typeof consoleRoutes, 'function')
    const { installAsking } = await import('../../src/api/authority/asks.ts')
    const { default: Fastify } = await import('fastify')
    const app = Fastify()
    installAsking(app, t.db, async () => assert.fail('nobody asks'))
    assert.throws(() => app.put('/x', async () => null), /PUT \/x changes something and asks nobody/)
    app.get('/y', async () => null)
    await app.close()
  })

  it('refuses somebody without a job, changes nothing, says who may, and is in the ledger', async () => {
    const stranger = await personWithJobs(t.db, 'Sid Stranger')
    await t.signedIn()
    const cookie = await t.signedIn({ personId: stranger })
    for (const call of CALLS) {
      const before = [await state(), (await ledger()).length] as const
      const reply = await send(cookie, call)
      assert.equal(reply.statusCode, 403, `${call[1]} ${call[2]}: ${reply.body}`)
      const problem = problemOf(reply)
      assert.equal(problem.type, 'urn:lanekeeper:problem:not-allowed')
      assert.match(problem.detail, /^Only .+ can .+\./)
      const names = problem.who_may?.map(({ name }) => name)
      assert.deepEqual(names, OF_A_WORKFLOW.has(call[0]) ? [] : ['Ada Admin'], call[2])
      assert.equal(await state(), before[0], call[2])
      const added = (await ledger()).slice(before[1])
      assert.equal(added.length, 1, call[2])
      assert.deepEqual([added[0]!.kind, added[0]!.actor], ['refused', `person:${stranger}`])
      const because = OF_A_WORKFLOW.has(call[0]) ? 'vacant' : 'not-named'
      assert.deepEqual(JSON.parse(added[0]!.said), { act: call[0], because })
    }
  })

  it('refuses an admin who came by a link that somebody made, and says how to sign in instead', async () => {
    const cookie = await t.signedIn({ method: 'link' })
    for (const call of CALLS) {
      if (call[0] === 'stop-writing' || OF_A_WORKFLOW.has(call[0])) continue
      const reply = await send(cookie, call)
      assert.deepEqual([reply.statusCode, problemOf(reply).wants], [403, 'strong-sign-in'], call[2])
      assert.doesNotMatch(problemOf(reply).detail, /Ask /)
    }
    // Stopping never asks how somebody signed in.
    const stopped = await send(cookie, CALLS.find(([act]) => act === 'stop-writing')!)
    assert.equal(stopped.statusCode, 200, stopped.body)
  })

  it('lets an admin who came by the terminal, a code, an issuer or as one of the cast do what an admin does', async () => {
    const shares = CALLS.find(([, , url]) => url.endsWith('/shares'))!
    for (const method of ['terminal', 'code', 'oidc'] as const satisfies readonly SignInMethod[]) {
      const reply = await send(await t.signedIn({ method }), shares)
      assert.equal(reply.statusCode, 200, `${method}: ${reply.body}`)
    }
    const begun = (await ledger()).filter(({ kind }) => kind === 'act-begun')
    assert.equal(begun.length, 3)
    assert.ok(begun.every(({ subject, said }) => subject === 'hubspot-1' && said.includes('connect')))
  })

  it('lets a page that can only pause neither change nor read anything', async () => {
    const { rows } = await sql<{ id: string }>`select id from person where name = 'Ada Admin'`.execute(t.db)
    const made = await openSession(t.db, {
      personId: rows[0]!.id,
      method: 'code',
      browser: 'a test',
      onlyPauses: true,
    })
    const cookie = `lanekeeper_4000=${made.token}`
    // Outside of the pages that it opens, such a session signs nobody in.
    assert.equal((await t.call({ url: '/api/console/workflows', headers: { cookie } })).statusCode, 401)
    assert.equal((await send(cookie, CALLS[0]!)).statusCode, 401)
  })

  it('refuses whoever ended between two requests, with the session', async () => {
    const leaver = await personWithJobs(t.db, 'Lea Leaver')
    const cookie = await t.signedIn({ personId: leaver })
    assert.equal((await t.call({ url: '/api/console/workflows', headers: { cookie } })).statusCode, 200)
    await sql`update person set ended_at = now(), ended_by = 'terminal' where id = ${leaver}`.execute(t.db)
    assert.equal((await t.call({ url: '/api/console/workflows', headers: { cookie } })).statusCode, 401)
  })
})
