import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { type TestDatabase, testDatabase } from '../../test/support/database.ts'
import { CrmBusyError } from '../crm/crm-client.ts'
import { LEASE_S } from '../store/decisions/intents.ts'
import { SEND_WITHIN_MS, sharedBudget, underLease } from './call-budget.ts'
import { CALL_DEADLINE_MS } from './open-connection.ts'
import { RENEWAL_WAIT_MS } from './token-store.ts'

describe('a write under the lease of its intents', () => {
  let database: TestDatabase
  before(async () => {
    database = await testDatabase()
    await sql`insert into connection (id, crm, title, account_id, base_url) values ('c', 'hubspot', 'C', '1', 'x')`.execute(
      database.db,
    )
    await sql`insert into call_budget (connection_id, window_ms, window_limit, search_limit_per_second)
      values ('c', 1000, 100, 100)`.execute(database.db)
  })
  after(() => database.drop())

  it('is over before the lease, whatever it waits for after its turn', () => {
    const renewalOfOurOwnMs = CALL_DEADLINE_MS
    assert.ok(SEND_WITHIN_MS + RENEWAL_WAIT_MS + renewalOfOurOwnMs + CALL_DEADLINE_MS < LEASE_S * 1_000)
  })

  it('does not begin when the calls before it took too long; a read may', async (t) => {
    const { take } = sharedBudget(database.db, 'c')
    const startMs = Date.now()
    t.mock.timers.enable({ apis: ['Date'], now: startMs })
    await underLease(async () => {
      await take('write')
      t.mock.timers.setTime(startMs + SEND_WITHIN_MS)
      await take('write')
      t.mock.timers.setTime(startMs + SEND_WITHIN_MS + 1)
      await take('read')
      await assert.rejects(take('write'), (error) => error instanceof CrmBusyError && error.retryAtMs === Date.now())
    })
    await take('write')
  })
})
