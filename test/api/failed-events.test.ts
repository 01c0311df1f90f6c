import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import { type AppUnderTest, appUnderTest } from './app-under-test.ts'

describe('the failed events of the console', () => {
  let t: AppUnderTest
  let cookie: string
  before(async () => {
    t = await appUnderTest()
    cookie = await t.signIn()
  })
  after(() => t.close())
  beforeEach(async () => {
    await sql`truncate change_event`.execute(t.db)
    // Three in the quarantine, one that is tried again by itself, one that was applied.
    await sql`insert into change_event (connection_id, dedupe_key, object_type, record_id, kind, occurred_at_ms, event_order,
        fields, complete, source, actor, state, skip_reason, attempts, retry_at)
      select case when n = 3 then 'sf' else 'hs' end, 'k' || n, 'contacts', n::text, 'changed', 1, 0, '{"email":"a@b.example"}', false,
        'webhook', '{}', case when n = 5 then 'applied' else 'failed' end, 'TypeError: no', 3, case when n = 4 then now() end
      from generate_series(1, 5) n`.execute(t.db)
  })

  const list = async (query = '') => {
    const reply = await t.call({ url: `/api/console/failed-events${query}`, headers: { cookie } })
    assert.equal(reply.statusCode, 200, reply.body)
    return reply.json<{ total: number; events: { id: string; recordId: string; reason: string }[] }>()
  }
  const replay = (payload: object, headers: Record<string, string> = { cookie }) =>
    t.call({ method: 'POST', url: '/api/console/failed-events/replay', payload, headers })

  it('lists the quarantine, newest first and by page, with the reason and without any value', async () => {
    const { total, events } = await list('?limit=2')
    assert.equal(total, 3)
    assert.deepEqual(
      events.map(({ recordId, reason }) => [recordId, reason]),
      [
        ['3', 'TypeError: no'],
        ['2', 'TypeError: no'],
      ],
    )
    assert.ok(!JSON.stringify(events).includes('b.example'))
    const rest = await list(`?before=${events[1]!.id}`)
    assert.deepEqual(
      rest.events.map(({ recordId }) => recordId),
      ['1'],
    )
    assert.equal((await list('?connection=sf')).total, 1)
  })

  it('replays one, all of a connection, or all', async () => {
    const { events } = await list()
    const one = await replay({ ids: [events[2]!.id] })
    assert.deepEqual([one.statusCode, one.json()], [202, { replayed: 1 }])
    assert.deepEqual((await replay({ connection: 'hs' })).json(), { replayed: 1 })
    assert.deepEqual((await replay({})).json(), { replayed: 1 })
    assert.deepEqual((await replay({})).json(), { replayed: 0 })
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from change_event where state = 'failed' and retry_at <= now() and attempts = 0`.execute(
      t.db,
    )
    assert.equal(rows[0]!.n, 3)
  })

  it('are an alert on the overview until they are replayed', async () => {
    const alerts = async () => {
      const reply = await t.call({ url: '/api/console/overview', headers: { cookie } })
      return reply.json<{ alerts: { title: string }[] }>().alerts.map(({ title }) => title)
    }
    assert.deepEqual(await alerts(), ['3 changes from the CRM could not be applied'])
    await replay({})
    assert.deepEqual(await alerts(), [])
  })

  it('are for signed-in people, and refuse what they do not know', async () => {
    assert.equal((await t.call({ url: '/api/console/failed-events' })).statusCode, 401)
    assert.equal((await replay({}, {})).statusCode, 401)
    assert.equal((await replay({ id: '1' })).statusCode, 400)
    assert.equal((await replay({ ids: [] })).statusCode, 400)
    assert.equal((await replay({ ids: ['1; drop'] })).statusCode, 400)
  })
})
