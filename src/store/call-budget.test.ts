import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import { type TestDatabase, testDatabase } from '../../test/support/database.ts'
import { NoAllowanceError, observeUsage, pauseCalls, takeCall } from './call-budget.ts'

describe('the shared allowance of calls', () => {
  let database: TestDatabase
  before(async () => {
    database = await testDatabase()
  })
  after(() => database.drop())
  beforeEach(async () => {
    await sql`delete from connection`.execute(database.db)
    await sql`insert into connection (id, crm, title, account_id, base_url) values ('c', 'hubspot', 'C', '1', 'x')`.execute(
      database.db,
    )
    await sql`insert into call_budget (connection_id, window_ms, window_limit, search_limit_per_second)
      values ('c', 1000, 8, 2)`.execute(database.db)
  })

  const timesOf = async (n: number, kind: 'read' | 'search') => {
    const times: number[] = []
    await Promise.all(
      Array.from({ length: n }, async () => {
        await takeCall(database.db, 'c', kind)
        times.push(performance.now())
      }),
    )
    return times.sort((a, b) => a - b)
  }
  /** The most that fell into any stretch of this length. */
  const most = (times: readonly number[], stretchMs: number) =>
    Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + stretchMs).length))

  it('promise 12: lets callers that all come at once through at the pace of its window', async () => {
    const times = await timesOf(20, 'read')
    // Two windows may meet in a stretch of one; 20 calls need three windows.
    assert.ok(most(times, 900) <= 16, `${most(times, 900)} in 0.9 s`)
    assert.ok(times.at(-1)! - times[0]! >= 1_500)
  })

  it('never lets more than five searches into any second, which is what HubSpot allows', async () => {
    const times = await timesOf(7, 'search')
    assert.ok(most(times, 1_000) <= 5, `${most(times, 1_000)} in a second`)
  })

  it('lets nobody call before the moment that the CRM named, and says when', async () => {
    const until = Date.now() + 60_000
    await pauseCalls(database.db, 'c', until, 'daily limit')
    await pauseCalls(database.db, 'c', until - 30_000, 'an earlier end does not shorten it')
    await assert.rejects(takeCall(database.db, 'c', 'read'), (error) => {
      assert.ok(error instanceof NoAllowanceError)
      assert.ok(Math.abs(error.retryAtMs - until) < 1_000)
      return true
    })
  })

  it('takes 80 % of the limit that the CRM names in its headers', async () => {
    await observeUsage(database.db, 'c', { usedToday: 5, limitToday: 100, window: { ms: 10_000, limit: 190 } })
    const { rows } = await sql<{ window_limit: number }>`select window_limit from call_budget`.execute(database.db)
    assert.equal(rows[0]?.window_limit, 15)
  })
})
