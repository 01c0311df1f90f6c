import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { BOTH, DAYS_AT_ONCE } from './day.ts'
import { ordinaryHour, sameAsWithoutFault } from './ordinary-hour.ts'

const ANY_CALL = { hubspot: '/crm', salesforce: '/services/data/v67.0' } as const
const TASKS = { method: 'POST', path: '/crm/objects/2026-03/tasks/batch/upsert' }

describe('a bad day of logins', { timeout: 600_000, concurrency: DAYS_AT_ONCE }, () => {
  it('token expired mid-batch: it is replaced, nothing is written twice, and nobody has to do anything', () =>
    sameAsWithoutFault(async (day) => {
      await ordinaryHour(day)
      await day.control.hubspot.fault({ kind: 'expired-token', ...TASKS })
      await day.control.salesforce.fault({ kind: 'expired-token', path: ANY_CALL.salesforce })
      await day.untilQuiet()
      for (const crm of BOTH) assert.deepEqual(await day.notices(crm), [])
    }))

  it('grant revoked: the step is said, events are kept, and once mended all goes on by itself', () =>
    sameAsWithoutFault(async (day) => {
      const hour = await ordinaryHour(day)
      for (const crm of BOTH) {
        await day.control[crm].fault({ kind: 'revoked' })
        await day.run('poll', crm)
        const { message, remedy, level, endedAt } = await day.notice(crm, 'reconnect', '')
        assert.match(
          message,
          /revoked our access\. We keep receiving changes, but cannot read or write until you reconnect\./,
        )
        assert.match(remedy ?? '', /reconnect/i)
        assert.deepEqual([level, endedAt], ['stop', null])
      }
      await day.turn()
      const kept = await day.rows(sql`select 1 from change_event where record_id = ${hour.asks.hubspot}`)
      assert.ok(kept.length > 0)
      for (const crm of BOTH) await day.control[crm].clearFaults()
      await day.watch(true)
      await day.untilQuiet()
      for (const crm of BOTH)
        assert.match((await day.notice(crm, 'reconnect', '')).endedMessage ?? '', /granted access again at \d\d:\d\d/)
    }))

  it('scope removed: it is named with what needs it, and what waits is done when it is back', () =>
    sameAsWithoutFault(async (day) => {
      await ordinaryHour(day)
      await day.control.hubspot.fault({ kind: 'missing-scope', ...TASKS, times: 1_000 })
      await day.untilWebhooksGone()
      for (let turn = 0; turn < 6; turn += 1) {
        await day.hurry()
        await day.turn()
      }
      const { message, remedy } = await day.notice('hubspot', 'reconnect', 'writeTasks')
      assert.match(message, /^HubSpot portal \d+ revoked our permission to write tasks/)
      assert.match(remedy ?? '', /^Add the missing scopes? \(.+\)/)
      await day.control.hubspot.clearFaults()
      await day.watch(true)
      await day.untilQuiet()
      assert.notEqual((await day.notice('hubspot', 'reconnect', 'writeTasks')).endedAt, null)
    }))

  it('permission on one object removed: it is said what nobody may read, and it is read when it is back', () =>
    sameAsWithoutFault(
      async (day) => {
        await ordinaryHour(day)
        await day.control.salesforce.post('permissions', { objects: { Opportunity: { read: false } } })
        await day.run('poll', 'salesforce')
        const open = (await day.notices('salesforce')).filter(({ endedAt }) => endedAt === null)
        assert.ok(
          open.some(({ code, message }) => code === 'reconnect' && /Opportunity/.test(message)),
          JSON.stringify(open),
        )
        assert.ok(open.some(({ code, subject }) => code === 'object-refused' && subject === 'Opportunity'))
        await day.control.salesforce.post('permissions', { objects: { Opportunity: { read: true } } })
        await day.run('poll', 'salesforce')
      },
      // What depends on it went to a person meanwhile.
      { closedTasks: false },
    ))
})
