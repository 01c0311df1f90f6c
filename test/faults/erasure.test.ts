import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { verifyLedger } from '../../src/store/ledger/verify-ledger.ts'
import { DAYS_AT_ONCE, type Day, startDay } from './day.ts'
import { ordinaryHour } from './ordinary-hour.ts'

describe('a privacy deletion', { timeout: 300_000, concurrency: DAYS_AT_ONCE }, () => {
  // HubSpot tells of it twice: contact.privacyDeletion and contact.deletion, in any order.
  for (const webhookShuffle of [false, true]) {
    it(`erases our copies by the next decision, ${webhookShuffle ? 'shuffled and twice' : 'in order'}, and the ledger verifies`, async () => {
      const day = await startDay()
      try {
        const { asks } = await ordinaryHour(day)
        await day.untilQuiet()
        assert.ok((await copiesOf(day, 'sato-plant')).length > 0, 'nothing to erase: the test proves nothing')
        if (webhookShuffle) await day.control.hubspot.post('settings', { webhookShuffle, webhookDuplicate: 1 })
        await day.change({ op: 'erase', objectType: 'contacts', id: asks.hubspot })
        await day.untilNothingWaits()
        assert.deepEqual(await copiesOf(day, 'sato-plant'), [])
        const { ok, firstBad } = await verifyLedger(day.db)
        assert.deepEqual([ok, firstBad], [true, undefined])
        await day.untilQuiet()
        assert.deepEqual(await copiesOf(day, 'sato-plant'), [], 'a later poll brought it back')
      } finally {
        await day.stop()
      }
    })
  }
})

/** Tables in which the text stands. */
async function copiesOf(day: Day, text: string): Promise<string[]> {
  const tables = [
    'change_event',
    'record',
    'match_key',
    'exception',
    'task',
    'intent',
    'written_value',
    'ledger',
    'notice',
  ]
  const found: string[] = []
  for (const table of tables) {
    const rows = await day.rows(
      sql`select 1 from ${sql.table(table)} t where to_jsonb(t)::text ilike ${`%${text}%`} limit 1`,
    )
    if (rows.length > 0) found.push(table)
  }
  return found
}
