import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { BacklogReply } from '../../src/api/workflows/backlog-types.ts'
import type { WorkflowsReply } from '../../src/api/workflows/workflow-types.ts'
import { personWithJobs } from '../support/lanes.ts'
import { type AppUnderTest, appUnderTest, problemOf } from './app-under-test.ts'

describe('what waits for a new version, in the console', () => {
  let t: AppUnderTest
  let cookie: string
  before(async () => {
    t = await appUnderTest()
    const owner = await personWithJobs(t.db, 'Wilma Owner', [{ workflow: 'route', lane: 'workflow' }])
    cookie = await t.signedIn({ personId: owner })
    await sql`insert into connection (id, crm, title, account_id, base_url) values ('hs', 'hubspot', 'HubSpot', '1', 'http://x')`.execute(
      t.db,
    )
  })
  after(() => t.close())
  beforeEach(async () => {
    await sql`truncate workflow, workflow_version, policy_version, backlog_write, backlog_application, crm_user cascade`.execute(
      t.db,
    )
    await sql`insert into policy_version (hash, workflow, document, source) values ('a', 'route', 'null', ''), ('b', 'route', 'null', '')`.execute(
      t.db,
    )
    const { rows } = await sql<{ id: number }>`insert into workflow_version (workflow, hash, reading_version)
      values ('route', 'a', '1'), ('route', 'b', '1') returning id`.execute(t.db)
    await sql`insert into workflow (workflow, title, hash, mode, effective_mode, version_id)
      values ('route', 'Route', 'b', 'live', 'live', ${rows[1]!.id})`.execute(t.db)
    await sql`insert into crm_user (connection_id, user_id, kind, email, name, active)
      values ('hs', '7', 'person', 'rep@x.example', 'Rep', true)`.execute(t.db)
    await sql`insert into backlog_write (connection_id, object_type, record_id, workflow, version_id, from_id, to_id, branch)
      select 'hs', 'contacts', n::text, 'route', ${rows[1]!.id}, case when n > 900 then '8' end, '7', 'all'
      from generate_series(1, 940) n`.execute(t.db)
  })

  const view = async () => {
    const reply = await t.call({ url: '/api/console/workflows', headers: { cookie } })
    assert.equal(reply.statusCode, 200, reply.body)
    return reply.json<WorkflowsReply>().workflows.find(({ workflow }) => workflow === 'route')!
  }
  const preview = async () => {
    const reply = await t.call({ url: '/api/console/workflows/route/backlog', headers: { cookie } })
    assert.equal(reply.statusCode, 200, reply.body)
    return reply.json<BacklogReply>()
  }
  const post = (path: string, payload: object | undefined, headers: Record<string, string> = { cookie }) =>
    t.call({
      method: 'POST',
      url: `/api/console/workflows/route/backlog/${path}`,
      headers,
      ...(payload && { payload }),
    })
  const applied = async () => {
    const { versionId, upTo } = (await preview()).backlog!
    return { versionId, upTo, cap: 300, perHour: 100 }
  }

  it('says how many records the version would change, from whom to whom, and of which version that is', async () => {
    assert.deepEqual((await view()).backlog, { waiting: 940, version: 2, because: 'version' })
    const { backlog, rate, perDay } = await preview()
    const { versionId: _, upTo: __, oldest: ___, ...said } = backlog!
    assert.deepEqual(said, {
      waiting: 940,
      version: 2,
      because: 'version',
      moves: [
        { connection: 'HubSpot', from: null, to: 'rep@x.example', records: 900 },
        { connection: 'HubSpot', from: 'user 8', to: 'rep@x.example', records: 40 },
      ],
      otherMoves: { pairs: 0, records: 0 },
      branches: [{ branch: 'all', records: 940 }],
    })
    assert.deepEqual([rate, perDay], [{ default: 50, max: 10_000 }, null])
  })

  it('adds up what has many pairs of owners, and counts what it does not show', async () => {
    await sql`update backlog_write set from_id = record_id`.execute(t.db)
    const { moves, otherMoves } = (await preview()).backlog!
    assert.deepEqual([moves.length, otherMoves], [20, { pairs: 920, records: 920 }])
  })

  it('is applied at the press of a button, once, shown by name with its end, and stopped by one person', async () => {
    const body = await applied()
    const reply = await post('apply', body)
    assert.deepEqual([reply.statusCode, reply.json()], [202, { cap: 300 }])
    const again = await post('apply', body)
    assert.deepEqual([again.statusCode, problemOf(again).type], [409, 'urn:lanekeeper:problem:out-of-date'])
    assert.match(problemOf(again).detail, /already/)
    const { startedAt, endsAt, ...application } = (await view()).application!
    assert.deepEqual(application, {
      state: 'running',
      cap: 300,
      perHour: 100,
      written: 0,
      underWay: 0,
      refused: 0,
      remaining: 300,
      startedBy: 'Wilma Owner',
      endedBy: null,
      endedAt: null,
    })
    const hours = (Date.parse(endsAt!) - Date.parse(startedAt)) / 3_600_000
    assert.ok(hours > 2.9 && hours < 3.1, `${hours} hours`)
    const stopped = await post('stop', undefined)
    assert.deepEqual([stopped.statusCode, stopped.json()], [200, { isStopped: true, takenBack: 0, underWay: 0 }])
    const after = (await view()).application!
    assert.deepEqual([after.state, after.endedBy, after.endsAt], ['stopped', 'Wilma Owner', null])
    assert.equal((await post('stop', undefined)).json().isStopped, false)
    const { rows } = await sql<{ kind: string; actor: string; subject: string }>`
      select kind, actor, subject from ledger where kind like 'backlog%' order by seq`.execute(t.db)
    assert.deepEqual(
      rows.map(({ kind, subject }) => `${kind} ${subject}`),
      ['backlog-application-started route', 'backlog-application-stopped route'],
    )
    for (const { actor } of rows) assert.match(actor, /^person:[0-9a-f]{16}$/)
  })

  it('is neither applied nor stopped by somebody who may not, however strong an admin', async () => {
    const body = await applied()
    const other = { cookie: await t.signedIn() }
    const refused = await post('apply', body, other)
    assert.equal(refused.statusCode, 403, refused.body)
    const { type, detail, who_may: whoMay } = problemOf(refused)
    assert.equal(type, 'urn:lanekeeper:problem:not-allowed')
    assert.match(detail, /^Only the workflow owner or their deputy can .* Ask Wilma Owner\.$/)
    assert.deepEqual(
      whoMay?.map(({ name }) => name),
      ['Wilma Owner'],
    )
    assert.equal((await view()).application, null)
    await post('apply', body)
    assert.equal((await post('stop', undefined, other)).statusCode, 403)
    assert.equal((await view()).application?.state, 'running')
  })

  it('is not applied for a version that is no longer in force, without a session, from another site or beyond its bounds', async () => {
    const body = await applied()
    const old = await post('apply', { ...body, versionId: body.versionId - 1 })
    assert.deepEqual([old.statusCode, problemOf(old).type], [409, 'urn:lanekeeper:problem:out-of-date'])
    assert.equal((await post('apply', body, {})).statusCode, 401)
    assert.equal((await post('apply', body, { cookie, origin: 'https://evil.example' })).statusCode, 403)
    for (const change of [
      { cap: 0 },
      { cap: 1.5 },
      { cap: 1_000_001 },
      { perHour: 0 },
      { perHour: 10_001 },
      { perHour: -1 },
      { upTo: '-1' },
      { upTo: 'x' },
      { versionId: 1e12 },
      { more: 1 },
    ]) {
      const reply = await post('apply', { ...body, ...change })
      assert.equal(reply.statusCode, 400, JSON.stringify(change))
    }
    assert.equal((await post('apply', { ...body, upTo: '0' })).statusCode, 409)
    assert.equal((await view()).application, null)
    const missing = await t.call({ url: '/api/console/workflows/none/backlog', headers: { cookie } })
    assert.equal(missing.statusCode, 404)
  })

  it('ends with the version that it was started for', async () => {
    await post('apply', await applied())
    await sql`update workflow set version_id = version_id - 1, hash = 'a'`.execute(t.db)
    assert.equal((await view()).application?.state, 'superseded')
    assert.equal((await view()).backlog, null)
  })
})
