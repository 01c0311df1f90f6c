import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { ComparisonReply, RereadReply, SyncStatusReply } from '../../src/api/sync-status/sync-status-types.ts'
import { seedConsole } from '../browser/console-rows.ts'
import { seedSyncStatus } from '../browser/sync-status-rows.ts'
import { type AppUnderTest, appUnderTest, problemOf } from './app-under-test.ts'

const NOW = new Date('2026-11-19T14:30:00Z')

describe('the ledger of events of a connection', () => {
  let t: AppUnderTest
  let cookie: string
  before(async () => {
    t = await appUnderTest({ now: () => NOW })
    await seedConsole(t.db, NOW)
    await seedSyncStatus(t.db, 'hubspot-1', ['companies', 'contacts', 'deals'], NOW)
    cookie = await t.signIn()
  })
  after(() => t.close())

  const at = (path: string) => `/api/console/connections/hubspot-1/${path}`
  async function ledger(): Promise<SyncStatusReply> {
    const reply = await t.call({ url: at('sync-status'), headers: { cookie } })
    assert.equal(reply.statusCode, 200, reply.body)
    return reply.json<SyncStatusReply>()
  }
  const post = (path: string, payload: object = {}) =>
    t.call({ method: 'POST', url: at(path), headers: { cookie }, payload })

  it('adds up, in all and per object', async () => {
    const { total, objects, ofDays } = await ledger()
    assert.equal(ofDays, 7)
    for (const numbers of [total, ...objects.map((object) => object.numbers)]) {
      assert.equal(numbers.received, numbers.applied + numbers.skipped + numbers.failed + numbers.waiting)
    }
    assert.equal(total.received, 7 * (900 + 450 + 225 + 3 * 50) + 2)
    assert.equal(
      total.received,
      objects.reduce((sum, object) => sum + object.numbers.received, 0),
    )
    const companies = objects.find((object) => object.objectType === 'companies')!
    assert.deepEqual(companies.skippedBecause, [
      { name: 'no-change', n: 280 },
      { name: 'own-write', n: 49 },
      { name: 'superseded', n: 21 },
    ])
    // Of a delivery with several objects it is not known whose the duplicates were.
    assert.deepEqual([total.duplicate, companies.numbers.duplicate, companies.numbers.recovered], [35, 31, 14])
  })

  it('counts what came after the last count as it stands', async () => {
    const before = await ledger()
    await sql`insert into change_event (connection_id, dedupe_key, object_type, record_id, kind, occurred_at_ms, event_order,
        fields, complete, source, actor, received_at, state, skip_reason) values
      ('hubspot-1', 'x1', 'deals', '1', 'changed', 1, 0, '{}', false, 'webhook', '{}', ${NOW}, 'received', null),
      ('hubspot-1', 'x2', 'deals', '1', 'changed', 1, 0, '{}', false, 'webhook', '{}', ${NOW}, 'applied', null),
      ('hubspot-1', 'x3', 'deals', '1', 'changed', 1, 0, '{}', false, 'webhook', '{}', ${NOW}, 'skipped', 'no-change')`.execute(
      t.db,
    )
    const { total } = await ledger()
    assert.equal(total.received - before.total.received, 3)
    assert.deepEqual(
      [
        total.waiting - before.total.waiting,
        total.applied - before.total.applied,
        total.skipped - before.total.skipped,
      ],
      [1, 1, 1],
    )
  })

  it('shows for each of the last 14 days whether it is in step, and which records are not', async () => {
    const { objects, differences, records } = await ledger()
    const days = (name: string) => objects.find((object) => object.objectType === name)!.days
    assert.equal(days('companies').length, 14)
    // i: in step, q: quiet, o: out of step. Today is the last.
    assert.equal(
      days('companies')
        .map((day) => day.state[0])
        .join(''),
      'iiqiiiiiqioiii',
    )
    assert.equal(days('contacts').find((day) => day.state === 'out-of-sync')?.differences, 1)
    assert.deepEqual(days('tasks'), [])
    assert.equal(differences, 3)
    assert.deepEqual(records.map((record) => `${record.objectType}/${record.recordId} ${record.why}`).sort(), [
      'companies/50017 different',
      'companies/50442 missing',
      'contacts/50108 extra',
    ])
  })

  it('does not say of a day after the last comparison that it is in step', async () => {
    await sql`update comparison_object set compared_at = ${new Date(+NOW - 2 * 86_400_000)} where object_type = 'deals'`.execute(
      t.db,
    )
    await sql`delete from comparison_day where object_type = 'deals' and day >= '2026-11-18'`.execute(t.db)
    const { objects } = await ledger()
    const days = objects.find((object) => object.objectType === 'deals')!.days
    assert.deepEqual(
      days.slice(-2).map((day) => day.state),
      ['not-compared', 'not-compared'],
    )
  })

  it('takes the request for a comparison, of everything', async () => {
    const reply = await post('comparison')
    assert.equal(reply.statusCode, 202)
    const { check } = reply.json<ComparisonReply>()
    assert.deepEqual([check.state, check.depth, check.askedBy], ['asked', 'full', 'person'])
  })

  it('has records read again, of one object and day or all', async () => {
    const one = await post('reread', { objectType: 'companies', day: '2026-11-16' })
    assert.equal(one.json<RereadReply>().asked, 2)
    const all = await post('reread')
    assert.equal(all.json<RereadReply>().asked, 1)
    const { reading, differences } = await ledger()
    assert.deepEqual([reading, differences], [3, 3])
    const { rows } = await sql<{ kind: string; n: number }>`
      select kind, count(*)::int as n from change_event where dedupe_key like 'out-of-sync/%' group by kind`.execute(
      t.db,
    )
    assert.deepEqual(rows, [{ kind: 'gap', n: 3 }])
  })

  it('is for nobody without a session, and of no connection that is not there', async () => {
    for (const request of [
      { method: 'GET', url: at('sync-status') },
      { method: 'POST', url: at('comparison') },
      { method: 'POST', url: at('reread'), payload: {} },
    ] as const) {
      assert.equal(
        problemOf(await t.call(request))
          .type.split(':')
          .at(-1),
        'not-signed-in',
      )
      const unknown = { ...request, url: request.url.replace('hubspot-1', 'nobody'), headers: { cookie } }
      assert.equal((await t.call(unknown)).statusCode, 404)
    }
    assert.equal((await post('reread', { day: 'yesterday' })).statusCode, 400)
    const importing = await t.call({
      method: 'POST',
      url: '/api/console/connections/salesforce-1/comparison',
      headers: { cookie },
    })
    assert.equal(importing.statusCode, 409)
  })
})
