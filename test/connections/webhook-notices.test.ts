import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import '../../src/crm/profiles.ts'
import { clockNotices } from '../../src/notices/from-counters.ts'
import { createNoticeBoard } from '../../src/notices/notice-board.ts'
import { count } from '../../src/store/database/counters.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

describe('what a connection says of deliveries that were not read', () => {
  let test: TestDatabase
  before(async () => {
    test = await testDatabase()
  })
  after(() => test.drop())

  it('names those that were too large, until none has come for ten minutes', async () => {
    await sql`insert into connection (id, crm, account_id, title, base_url) values ('hs', 'hubspot', '1', 'HubSpot', 'https://api.hubapi.com')`.execute(
      test.db,
    )
    let nowMs = Date.now()
    const board = createNoticeBoard(test.db, { nowMs: () => nowMs })
    const clock = clockNotices(test.db, board, () => nowMs)
    const connection = { id: 'hs', crm: 'hubspot', accountId: '1', timeZone: null }
    const calls = { workedAtMs: () => 0 } as never
    const look = async (afterMs: number) => {
      nowMs += afterMs
      await clock.look([{ connection, calls }])
      await board.settled()
      const { rows } = await sql<{ message: string; ended: boolean }>`
        select message, ended_at is not null as ended from notice where code = 'delivery-too-large'`.execute(test.db)
      return rows
    }
    assert.deepEqual(await look(0), [])
    await count(test.db, 'webhook-refused', 3, { detail: 'too-large' })
    const [raised, ...others] = await look(15_000)
    assert.match(raised?.message ?? '', /^Webhooks that came to the address for HubSpot were too large/)
    assert.deepEqual([raised?.ended, others], [false, []])
    assert.equal((await look(600_000))[0]?.ended, true)
  })
})
