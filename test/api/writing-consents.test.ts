import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { ConnectionsReply } from '../../src/api/connections/connection-types.ts'
import { sayYesToWriting, stopWriting } from '../../src/people/writing.ts'
import type { PersonId } from '../../src/store/people/persons.ts'
import { type ConnectStage, connectStage } from '../support/connect-stage.ts'
import { connectedCrm } from '../support/jobs.ts'
import { personWithJobs } from '../support/lanes.ts'
import { type AppUnderTest, appUnderTest, PUBLIC_URL, problemOf } from './app-under-test.ts'

const TERMINAL = { kind: 'terminal' } as const

describe('turning on writing', () => {
  let stage: ConnectStage
  let t: AppUnderTest
  let wilma: PersonId
  let rolf: PersonId
  before(async () => {
    stage = await connectStage()
    t = await appUnderTest({ connect: (db) => stage.setUp(db, PUBLIC_URL) })
    await connectedCrm(t.db, 'hubspot')
    await sql`insert into workflow (workflow, title, mode, effective_mode) values
      ('routing', 'Routing', 'live', 'live'), ('cleaning', 'Cleaning', 'pilot', 'pilot'),
      ('watching', 'Watching', 'observe', 'observe'), ('elsewhere', 'Elsewhere', 'live', 'live')`.execute(t.db)
    await sql`insert into workflow_connection (connection_id, workflow) values
      ('hubspot-1', 'routing'), ('hubspot-1', 'cleaning'), ('hubspot-1', 'watching'), ('other', 'elsewhere')`.execute(
      t.db,
    )
    await t.signedIn()
    wilma = await personWithJobs(t.db, 'Wilma Owner', [{ workflow: 'routing', lane: 'workflow' }])
    rolf = await personWithJobs(t.db, 'Rolf Back', [{ workflow: 'routing', lane: 'rollback' }])
    for (const workflow of ['watching', 'elsewhere']) {
      await personWithJobs(t.db, `Owner of ${workflow}`, [{ workflow, lane: 'workflow' }])
    }
  })
  after(async () => {
    await t?.close()
    await stage?.close()
  })
  beforeEach(async () => {
    await sql`update connection set writes_since = null`.execute(t.db)
    await sql`delete from writing_consent`.execute(t.db)
  })

  const allow = async (personId?: PersonId, allowed = true) =>
    t.call({
      method: 'POST',
      url: '/api/console/connections/hubspot-1/writing',
      payload: { allowed },
      headers: { cookie: await t.signedIn(personId === undefined ? {} : { personId }) },
    })
  const isOn = async () => {
    const { rows } = await sql<{ on: boolean }>`select writes_since is not null as on from connection`.execute(t.db)
    return rows[0]!.on
  }

  it('takes an admin and the owner of each workflow that would write, in any order', async () => {
    assert.deepEqual((await allow()).json(), { isOn: false, waitsFor: ['Wilma Owner'] })
    assert.equal(await isOn(), false)
    assert.deepEqual((await allow(wilma)).json(), { isOn: true, waitsFor: [] })
    assert.equal(await isOn(), true)
    await allow(undefined, false)
    assert.deepEqual((await allow(wilma)).json(), { isOn: false, waitsFor: ['Ada Admin'] })
    assert.deepEqual((await allow()).json(), { isOn: true, waitsFor: [] })
    const { rows } = await sql<{
      kind: string
    }>`select kind from ledger where kind like 'writing-%' order by seq`.execute(t.db)
    assert.deepEqual(
      rows.map(({ kind }) => kind),
      ['writing-consented', 'writing-allowed', 'writing-held', 'writing-consented', 'writing-allowed'],
    )
  })

  it('counts nobody twice, and nobody who owns no workflow that would write', async () => {
    await allow()
    const again = await allow()
    assert.deepEqual([again.statusCode, problemOf(again).who_may?.map(({ name }) => name)], [403, ['Wilma Owner']])
    assert.equal((await allow(rolf)).statusCode, 403)
    assert.equal(await isOn(), false)
  })

  it('shows on the page who has said yes and whose yes is missing', async () => {
    await allow()
    const reply = await t.call({ url: '/api/console/connections', headers: { cookie: await t.signedIn() } })
    const { writing } = reply.json<ConnectionsReply>().connections[0]!
    assert.deepEqual(writing, { given: ['Ada Admin'], waitsFor: ['Wilma Owner'], unowned: ['Cleaning'] })
  })

  it('is void again once somebody stopped it, and old consents count no more', async () => {
    await allow()
    await stopWriting(t.db, TERMINAL, 'hubspot-1')
    assert.deepEqual((await allow(wilma)).json(), { isOn: false, waitsFor: ['Ada Admin'] })
    await sql`update writing_consent set given_at = now() - interval '14 days 1 second'`.execute(t.db)
    assert.deepEqual((await allow()).json(), { isOn: false, waitsFor: ['Wilma Owner'] })
  })

  it('takes the terminal for an admin and for nobody else', async () => {
    assert.deepEqual((await sayYesToWriting(t.db, TERMINAL, 'hubspot-1')).waitsFor, [wilma])
    await assert.rejects(sayYesToWriting(t.db, TERMINAL, 'hubspot-1'), /terminal/)
    assert.deepEqual((await allow(wilma)).json(), { isOn: true, waitsFor: [] })
  })

  it('is on once when both say yes at the same moment', async () => {
    const replies = await Promise.all([allow(), allow(wilma)])
    assert.deepEqual(
      replies.map((reply) => reply.statusCode),
      [200, 200],
    )
    assert.equal(await isOn(), true)
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from writing_consent`.execute(t.db)
    assert.equal(rows[0]!.n, 0)
  })

  it('is stopped by the rollback owner, and by nobody who holds neither that lane nor is an admin', async () => {
    await allow()
    await allow(wilma)
    assert.equal((await allow(wilma, false)).statusCode, 403)
    assert.equal(await isOn(), true)
    assert.equal((await allow(rolf, false)).statusCode, 200)
    assert.equal(await isOn(), false)
  })
})
