import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { beatChecks, roleCheck, workflowCheck } from '../../src/api/server/health.ts'
import { beat } from '../../src/store/database/counters.ts'
import { type AppUnderTest, appUnderTest } from './app-under-test.ts'

type Ready = { status: string; checks: { name: string; status: string; problem?: string }[] }

describe('readiness', () => {
  let t: AppUnderTest
  let waitingFor: string | null = null
  let queueProblem: string | null = null
  before(async () => {
    t = await appUnderTest({ started: () => waitingFor, readiness: [] })
  })
  after(() => t.close())

  async function ready(): Promise<Ready & { code: number }> {
    const reply = await t.app.inject({ url: '/readyz' })
    return { code: reply.statusCode, ...reply.json<Ready>() }
  }

  it('holds when the database takes a write and its schema is current', async () => {
    assert.deepEqual(await ready(), {
      code: 200,
      status: 'ready',
      checks: [
        { name: 'database', status: 'ok' },
        { name: 'migrations', status: 'ok' },
      ],
    })
  })

  it('is lost while the database is read-only, as after a failover', async () => {
    const own = await appUnderTest()
    const name = new URL(own.test.url).pathname.slice(1)
    // From another database, so that the pool under test has no connection yet that would not notice.
    await sql.raw(`alter database ${name} set default_transaction_read_only = on`).execute(t.db)
    const reply = await own.app.inject({ url: '/readyz' })
    assert.equal(reply.statusCode, 503)
    assert.match(reply.json<Ready>().checks[0]!.problem!, /read-only/)
    assert.equal((await own.app.inject({ url: '/livez' })).statusCode, 200)
    await own.close()
  })

  it('is lost while the start waits for something, and names it', async () => {
    waitingFor = 'the database'
    assert.equal((await t.app.inject({ url: '/startupz' })).statusCode, 503)
    const { code, checks } = await ready()
    assert.equal(code, 503)
    assert.equal(checks[0]!.problem, 'waiting for the database')
    waitingFor = null
    assert.equal((await t.app.inject({ url: '/startupz' })).statusCode, 200)
  })

  it('leaves no row behind, however often somebody asks', async () => {
    const rows = () => sql`select * from process_beat`.execute(t.db).then((answer) => answer.rows)
    const before = await rows()
    await Promise.all(Array.from({ length: 20 }, ready))
    assert.deepEqual(await rows(), before)
  })

  it('asks for a living worker of every stage, and for a subscriber where a connection has a stream', async () => {
    const own = await appUnderTest()
    const app = await appUnderTest({ readiness: [roleCheck(own.db)] })
    const roles = async () => (await app.app.inject({ url: '/readyz' })).json<Ready>().checks.at(-1)!
    assert.match((await roles()).problem!, /no running worker does apply, refresh, poll, decide, act, verify;/)
    await beat(own.db, 'worker', 'a', { roles: ['poll', 'refresh'] })
    assert.match((await roles()).problem!, /does apply, decide, act, verify; .* --roles apply,decide,act,verify$/)
    await beat(own.db, 'worker', 'b', { roles: ['apply', 'decide', 'act', 'verify'] })
    assert.equal((await roles()).status, 'ok')
    await sql`insert into connection (id, crm, account_id, title, base_url, feed)
      values ('sf', 'salesforce', '1', 'Salesforce', '', 'stream')`.execute(own.db)
    assert.match((await roles()).problem!, /does stream;/)
    await beat(own.db, 'worker', 'c', { roles: ['stream'] })
    assert.equal((await roles()).status, 'ok')
    await sql`update process_beat set beat_at = now() - interval '31 seconds' where instance = 'b'`.execute(own.db)
    assert.match((await roles()).problem!, /does apply, decide, act, verify;/)
    await beat(own.db, 'worker', 'of an earlier version')
    await sql`update connection set status = 'disconnected'`.execute(own.db)
    assert.equal((await roles()).status, 'ok')
    await app.close()
    await own.close()
  })

  it('asks for a sign of life of each role within 30 s', async () => {
    const own = await appUnderTest({ readiness: beatChecks(t.db, ['worker']) })
    const worker = async () => (await own.app.inject({ url: '/readyz' })).json<Ready>().checks.at(-1)!
    assert.equal((await worker()).status, 'failed')
    await beat(t.db, 'worker', 'a')
    assert.equal((await worker()).status, 'ok')
    await sql`update process_beat set beat_at = now() - interval '31 seconds' where role = 'worker'`.execute(t.db)
    const late = await worker()
    assert.equal(late.status, 'failed')
    assert.match(late.problem!, /31 s old/)
    await beat(t.db, 'worker', 'b')
    assert.equal((await worker()).status, 'ok')
    await own.close()
  })

  it('stays while something only degraded: the queue, or a workflow that waits for a person', async () => {
    const own = await appUnderTest({
      readiness: [{ name: 'queue', required: false, problem: async () => queueProblem }, workflowCheck(t.db)],
    })
    queueProblem = 'the queue does not answer'
    await sql`insert into workflow (workflow, title, mode, effective_mode, problems)
      values ('w', 'W', 'live', 'observe', '[{"job":"rollback","email":"secret.person@acme.example","problem":"left"}]')`.execute(
      t.db,
    )
    const reply = await own.app.inject({ url: '/readyz' })
    assert.equal(reply.statusCode, 200)
    assert.deepEqual(
      reply
        .json<Ready>()
        .checks.slice(2)
        .map((check) => check.status),
      ['degraded', 'degraded'],
    )
    assert.ok(!reply.body.includes('secret.person'))
    await own.close()
  })

  it('does not wait for a check that hangs', async () => {
    const own = await appUnderTest({
      readiness: [{ name: 'stuck', required: true, problem: () => new Promise<null>(() => undefined) }],
    })
    const started = performance.now()
    const reply = await own.app.inject({ url: '/readyz' })
    assert.equal(reply.statusCode, 503)
    assert.match(reply.body, /no answer within 3 s/)
    assert.ok(performance.now() - started < 6_000)
    await own.close()
  })
})
