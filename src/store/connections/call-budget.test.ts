import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts'
import { type NewConnection, saveConnection } from '../lifecycle/save-connection.ts'
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
    await sql`insert into call_budget (connection_id, window_ms, window_limit, search_limit_per_second, day_resets)
      values ('c', 1000, 8, 2, 'midnight of the account')`.execute(database.db)
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

  it('part of promise 12: lets callers that all come at once through at the pace of its window', async () => {
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

  const pausedForMs = async () =>
    (
      await sql<{ ms: number }>`
        select (extract(epoch from paused_until - clock_timestamp()) * 1000)::float8 as ms from call_budget`.execute(
        database.db,
      )
    ).rows[0]!.ms

  it('stays away for a day at most, whatever a header says', async () => {
    for (const longMs of [30 * 86_400_000, Number.POSITIVE_INFINITY]) {
      await pauseCalls(database.db, 'c', Date.now() + longMs, 'come back next month')
      await assert.rejects(takeCall(database.db, 'c', 'read'), NoAllowanceError)
      const ms = await pausedForMs()
      assert.ok(ms > 86_000_000 && ms <= 86_400_000, `${ms} ms`)
    }
  })

  it('says when it goes on after a pause of months that an earlier version kept', async () => {
    await sql`update call_budget set paused_until = now() + interval '90 days'`.execute(database.db)
    await assert.rejects(takeCall(database.db, 'c', 'read'), NoAllowanceError)
  })

  it('ends its pause when the connection is made again, as the one who does that asks', async () => {
    const again: NewConnection = {
      id: 'c' as NewConnection['id'],
      crm: 'hubspot',
      baseUrl: 'x',
      identity: {
        accountId: '1',
        title: 'C',
        timeZone: null,
        actorId: null,
        actorName: null,
        edition: null,
        pagesUrl: null,
      },
      credentials: Buffer.from('none'),
      taskKey: { enforced: true, field: 'key', why: '' },
      callLimit: { windowMs: 1_000, perWindow: 10, searchPerSecond: 2, dayResets: 'midnight of the account' },
    }
    await pauseCalls(database.db, 'c', Date.now() + 3_600_000, 'an hour')
    await saveConnection(database.db, again)
    await takeCall(database.db, 'c', 'read')
  })

  it('keeps a pause by the clock of the database, however far that of the process is off', async (t) => {
    const aheadMs = 3_600_000
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + aheadMs })
    await pauseCalls(database.db, 'c', Date.now() + 60_000, 'a minute')
    const ms = await pausedForMs()
    assert.ok(ms > 50_000 && ms <= 60_000, `${ms} ms`)
  })

  it('takes 80 % of the limit that the CRM names in its headers', async () => {
    await observeUsage(database.db, 'c', { usedToday: 5, limitToday: 100, window: { ms: 10_000, limit: 190 } })
    const { rows } = await sql<{ window_limit: number }>`select window_limit from call_budget`.execute(database.db)
    assert.equal(rows[0]?.window_limit, 15)
  })

  describe('of a day', () => {
    const day = (change: string) => sql.raw(`update call_budget set ${change}`).execute(database.db)
    const take = (urgency?: 'for-people' | 'other', kind: 'read' | 'write' = 'read') =>
      takeCall(database.db, 'c', kind, urgency)
    const granted = async (n: number, urgency?: 'for-people' | 'other') => {
      let count = 0
      for (let call = 0; call < n; call += 1) {
        const isGranted = await take(urgency).then(
          () => true,
          (error) => {
            if (!(error instanceof NoAllowanceError)) throw error
            return false
          },
        )
        if (isGranted) count += 1
      }
      return count
    }
    beforeEach(async () => {
      await day('window_limit = 1000')
      await takeCall(database.db, 'c', 'read')
      await day('day_used = 0')
    })

    it('is shared: of 100 calls that a CRM allows we take 20, the last two of them for people only', async () => {
      await observeUsage(database.db, 'c', { usedToday: 0, limitToday: 100 })
      assert.equal(await granted(30, 'other'), 18)
      assert.equal(await granted(30, 'for-people'), 2)
    })

    it('keeps the part for people whatever kind of call they need, and gives it to a write by itself', async () => {
      await observeUsage(database.db, 'c', { usedToday: 0, limitToday: 100 })
      await day('day_used = 18')
      await assert.rejects(take(undefined, 'read'), NoAllowanceError)
      await take(undefined, 'write')
      await take('for-people', 'read')
      await assert.rejects(take(undefined, 'write'), NoAllowanceError)
    })

    it('says the share, the use and when it goes on', async () => {
      await observeUsage(database.db, 'c', { usedToday: 0, limitToday: 5_000 })
      await day(`day_used = 1000, day_ends_at = '2126-11-23T00:00:00Z'`)
      await assert.rejects(take('for-people'), (error) => {
        assert.ok(error instanceof NoAllowanceError)
        assert.match(error.message, /1,000 calls of 1,000, which is 20 % of the 5,000.*2126-11-23 00:00 UTC/s)
        assert.ok(error.retryAtMs <= Date.now() + 300_000, 'a larger share is noticed before the day is over')
        return true
      })
    })

    it('starts again at midnight of the HubSpot account, in its own zone', async () => {
      await sql`update connection set time_zone = 'Asia/Tokyo'`.execute(database.db)
      await observeUsage(database.db, 'c', { usedToday: 0, limitToday: 100 })
      await day(`day_used = 20, day_ends_at = now() - interval '1 minute'`)
      await take('other')
      const { rows } = await sql<{ used: number; local: string }>`
        select day_used as used, to_char(day_ends_at at time zone 'Asia/Tokyo', 'HH24:MI') as local
        from call_budget`.execute(database.db)
      assert.deepEqual(rows, [{ used: 1, local: '00:00' }])
    })

    it('knows that zone by any of its names, in any case', async () => {
      for (const name of ['asia/tokyo', 'ASIA/Tokyo', 'Japan', 'japan']) {
        await sql`update connection set time_zone = ${name}`.execute(database.db)
        await day(`day_used = 20, day_ends_at = now() - interval '1 minute'`)
        await take('other')
        const { rows } = await sql<{ local: string }>`
          select to_char(day_ends_at at time zone 'Asia/Tokyo', 'HH24:MI') as local from call_budget`.execute(
          database.db,
        )
        assert.deepEqual(rows, [{ local: '00:00' }], name)
      }
    })

    it('takes a zone that nobody knows for UTC instead of failing every call', async () => {
      await sql`update connection set time_zone = 'Mars/Olympus'`.execute(database.db)
      await day(`day_ends_at = now() - interval '1 minute'`)
      await take('other')
    })

    it('rolls at Salesforce: what was used in the 24 hours before counts less as they pass', async () => {
      await sql`update call_budget set day_resets = 'rolling 24 hours'`.execute(database.db)
      await observeUsage(database.db, 'c', { usedToday: 0, limitToday: 100 })
      await day(`day_used = 20, day_ends_at = now() - interval '1 second'`)
      await assert.rejects(take('for-people'), NoAllowanceError)
      // Half of the next 24 hours later, half of the day before still counts: ten of the twenty are free.
      await day(`day_ends_at = now() + interval '12 hours'`)
      assert.equal(await granted(15, 'for-people'), 10)
      await day(`day_ends_at = now() - interval '25 hours'`)
      assert.equal(await granted(5, 'for-people'), 5)
    })

    it('lets one call through in five minutes, because only an answer tells that an admin bought more', async () => {
      await observeUsage(database.db, 'c', { usedToday: 0, limitToday: 100 })
      await day(`day_used = 20, window_started_at = now() - interval '6 minutes'`)
      assert.equal(await granted(3, 'other'), 1)
      await observeUsage(database.db, 'c', { usedToday: 21, limitToday: 1_000 })
      assert.equal(await granted(3, 'other'), 3)
    })

    it('is not limited before the CRM has said how much it allows', async () => {
      await day('day_used = 100000')
      assert.equal(await granted(3, 'other'), 3)
    })
  })
})
