import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { downtimeBefore } from '../../src/notices/from-counters.ts'
import { listConnections } from '../../src/store/connections/connections.ts'
import { noticesOf } from '../../workers/runtime/notices.ts'
import { BOTH, DAYS_AT_ONCE, type Day } from './day.ts'
import { ordinaryHour, sameAsWithoutFault } from './ordinary-hour.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

describe('a bad day of feeds', { timeout: 600_000, concurrency: DAYS_AT_ONCE }, () => {
  it('every webhook lost for an hour: the next poll finds what they would have told', () =>
    sameAsWithoutFault(async (day) => {
      await day.control.hubspot.post('settings', { webhookLoss: 1 })
      const { asks } = await ordinaryHour(day)
      await day.untilNothingWaits()
      assert.deepEqual(await eventsOf(day, asks.hubspot), [], 'the webhooks were not lost: the test proves nothing')
      day.advance(HOUR_MS)
      await day.untilQuiet()
      assert.deepEqual([...new Set(await eventsOf(day, asks.hubspot))], ['poll'])
      // Whoever tells of it waits two minutes for events that are only late.
      await sql`update missed_change set found_at = found_at - interval '10 minutes'`.execute(day.db)
      await day.untilQuiet()
      assert.match((await day.notice('hubspot', 'missed-events')).message, /\d+/)
    }))

  it('every event delivered three times and shuffled: each counts once', () =>
    sameAsWithoutFault(async (day) => {
      await day.watch()
      await day.control.hubspot.post('settings', { webhookDuplicate: 2, webhookShuffle: true, webhookDelayMs: 50 })
      await ordinaryHour(day)
      await day.untilNothingWaits()
      day.advance(MINUTE_MS)
      await day.watch()
      const { message, endedAt } = await day.notice('hubspot', 'repeated-events')
      assert.match(message, /^HubSpot delivers some events more than once\. Each counts once\.$/)
      assert.equal(endedAt, null)
      day.advance(15 * MINUTE_MS)
      await day.watch()
      assert.notEqual((await day.notice('hubspot', 'repeated-events')).endedAt, null)
    }))

  it('80 hours of our own downtime: both CRMs are read again from where we left', () =>
    sameAsWithoutFault(async (day) => {
      day.receiver.mode = 'lose'
      await ordinaryHour(day)
      await day.untilWebhooksGone()
      day.advance(80 * HOUR_MS)
      await day.control.salesforce.post('actions', { action: 'advance-clock', ms: 80 * HOUR_MS })
      await sql`update process_beat set beat_at = beat_at - interval '80 hours'`.execute(day.db)
      // Another process: nothing of the old one is in its memory.
      const rows = new Map((await listConnections(day.db)).map((row) => [row.id as string, row]))
      const clientOf = (id: string) => ({ ...day.context.clientOf(id)!, connection: rows.get(id)! })
      const next = { ...day.context, instance: 'day-after', clientOf }
      const down = await downtimeBefore(day.db, next.instance)
      assert.ok(down && down.untilMs - down.fromMs >= 80 * HOUR_MS - MINUTE_MS)
      await noticesOf(next).startedAfter()
      await noticesOf(next).look()
      await noticesOf(next).board.settled()
      day.receiver.mode = 'take'
      for (const crm of BOTH) {
        const { message, endedAt } = await day.notice(crm, 'downtime')
        assert.match(message, /^Lanekeeper was down from \w{3} \d+ \w{3}, \d\d:\d\d.* to \w{3} \d+ \w{3}, \d\d:\d\d/)
        assert.equal(endedAt, null)
      }
      await day.untilQuiet()
      await noticesOf(next).look()
      await noticesOf(next).board.settled()
    }))

  for (const [name, minutes] of [
    ['ahead of', 10],
    ['behind', -10],
  ] as const) {
    it(`a portal whose clock is ten minutes ${name} ours`, () =>
      sameAsWithoutFault(
        async (day) => {
          await ordinaryHour(day)
          await day.untilQuiet()
          for (const crm of BOTH) {
            const { message } = await day.notice(crm, 'clock', '')
            assert.match(
              message,
              new RegExp(`^The clock of \\w+ (portal|org) \\w+ is about (9|10) minutes ${name} ours\\.`),
            )
          }
        },
        { crmAheadMs: minutes * MINUTE_MS },
      ))
  }
})

async function eventsOf(day: Day, recordId: string): Promise<string[]> {
  return (await day.rows<{ source: string }>(sql`select source from change_event where record_id = ${recordId}`)).map(
    ({ source }) => source,
  )
}
