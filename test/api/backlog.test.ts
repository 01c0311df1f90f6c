import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
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
    await sql`truncate workflow, workflow_version, policy_version, backlog_write, backlog_release cascade`.execute(t.db)
    await sql`insert into policy_version (hash, workflow, document, source) values ('a', 'route', 'null', ''), ('b', 'route', 'null', '')`.execute(
      t.db,
    )
    const { rows } = await sql<{ id: number }>`insert into workflow_version (workflow, hash, reading_version)
      values ('route', 'a', '1'), ('route', 'b', '1') returning id`.execute(t.db)
    await sql`insert into workflow (workflow, title, hash, mode, effective_mode, version_id)
      values ('route', 'Route', 'b', 'live', 'live', ${rows[1]!.id})`.execute(t.db)
    await sql`insert into backlog_write (connection_id, object_type, record_id, workflow, version_id)
      select 'hs', 'contacts', n::text, 'route', ${rows[1]!.id} from generate_series(1, 940) n`.execute(t.db)
  })

  const backlog = async () => {
    const reply = await t.call({ url: '/api/console/workflows', headers: { cookie } })
    assert.equal(reply.statusCode, 200, reply.body)
    return reply.json<WorkflowsReply>().workflows.find(({ workflow }) => workflow === 'route')!.backlog
  }
  const goOn = (payload: object, headers: Record<string, string> = { cookie }) =>
    t.call({ method: 'POST', url: '/api/console/workflows/route/go-on', payload, headers })

  it('says how many records the version would change, and of which version that is', async () => {
    const { versionId: _, upTo: __, ...said } = (await backlog())!
    assert.deepEqual(said, { waiting: 940, letGo: 0, perHour: 50, version: 2 })
  })

  it('goes on at the press of a button with what was seen, once, and the ledger names the session', async () => {
    const { versionId, upTo } = (await backlog())!
    await sql`insert into backlog_write (connection_id, object_type, record_id, workflow, version_id)
      values ('hs', 'contacts', 'later', 'route', ${versionId})`.execute(t.db)
    const reply = await goOn({ versionId, upTo })
    assert.deepEqual([reply.statusCode, reply.json()], [202, { released: 940 }])
    assert.deepEqual((await goOn({ versionId, upTo })).json(), { released: 0 })
    const now = await backlog()
    assert.deepEqual([now?.waiting, now?.letGo], [941, 940])
    const { rows } = await sql<{ actor: string; subject: string; records: number }>`
      select actor, subject, (body::jsonb->>'records')::int as records from ledger where kind = 'backlog-released'`.execute(
      t.db,
    )
    assert.equal(rows.length, 1)
    assert.match(rows[0]!.actor, /^person:[0-9a-f]{16}$/)
    assert.deepEqual([rows[0]!.subject, rows[0]!.records], ['route', 940])
  })

  it('lets nothing go for somebody who does not own the workflow, however strong an admin', async () => {
    const { versionId, upTo } = (await backlog())!
    const refused = await goOn({ versionId, upTo }, { cookie: await t.signedIn() })
    assert.equal(refused.statusCode, 403, refused.body)
    const { type, detail, who_may: whoMay } = problemOf(refused)
    assert.equal(type, 'urn:lanekeeper:problem:not-allowed')
    assert.match(detail, /^Only the workflow owner or their deputy can .* Ask Wilma Owner\.$/)
    assert.deepEqual(
      whoMay?.map(({ name }) => name),
      ['Wilma Owner'],
    )
    assert.equal((await backlog())?.letGo, 0)
  })

  it('lets nothing go of a version that is no longer in force, without a session, or from another site', async () => {
    const { versionId, upTo } = (await backlog())!
    const old = await goOn({ versionId: versionId - 1, upTo })
    assert.deepEqual([old.statusCode, problemOf(old).type], [409, 'urn:lanekeeper:problem:out-of-date'])
    assert.equal((await goOn({ versionId, upTo }, {})).statusCode, 401)
    assert.equal((await goOn({ versionId, upTo }, { cookie, origin: 'https://evil.example' })).statusCode, 403)
    assert.equal((await goOn({ versionId })).statusCode, 400)
    assert.equal((await backlog())?.letGo, 0)
  })
})
