import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { BOTH, type Crm, DAYS_AT_ONCE, type Day } from './day.ts'
import { ordinaryHour, sameAsWithoutFault } from './ordinary-hour.ts'

const MINUTE_MS = 60_000

/** Where Lanekeeper alone writes tasks and reads; people's own calls must get through. */
const TASK_WRITES = {
  hubspot: { method: 'POST', path: '/crm/objects/2026-03/tasks/batch/upsert' },
  salesforce: { method: 'PATCH', path: '/services/data/v67.0/composite/sobjects/Task' },
} as const
const ANY_CALL = { hubspot: '/crm', salesforce: '/services/data/v67.0' } as const
const NAME = { hubspot: 'HubSpot', salesforce: 'Salesforce' } as const

describe('a bad day of calls', { timeout: 1_200_000, concurrency: DAYS_AT_ONCE }, () => {
  it('nothing goes wrong: nothing is said', () =>
    sameAsWithoutFault(async (day) => {
      await ordinaryHour(day)
      await day.untilQuiet()
      for (const crm of BOTH)
        assert.deepEqual(
          (await day.notices(crm)).map(({ code, message }) => [code, message]),
          [],
        )
    }))

  for (const retryAfterS of [30, null]) {
    it(`429 ${retryAfterS === null ? 'without' : 'with'} Retry-After: nobody calls before the pause is over`, () =>
      sameAsWithoutFault(async (day) => {
        await ordinaryHour(day)
        for (const crm of BOTH) {
          await day.control[crm].fault({ kind: '429', path: ANY_CALL[crm], ...(retryAfterS ? { retryAfterS } : {}) })
          await day.run('poll', crm)
          const { message, endedAt } = await day.notice(crm, 'busy', '')
          assert.match(message, new RegExp(`^${NAME[crm]} rate-limited us\\. Calls resume at \\d\\d:\\d\\d`))
          assert.equal(endedAt, null)
          if (retryAfterS !== null) {
            const before = await callsOf(day, crm)
            await day.run('poll', crm)
            assert.equal(await callsOf(day, crm), before, 'a call while the CRM had asked us to wait')
          }
          await day.hurry()
        }
        await day.untilQuiet()
        day.advance(2 * MINUTE_MS)
        await day.watch()
        for (const crm of BOTH)
          assert.match((await day.notice(crm, 'busy', '')).endedMessage ?? '', /has accepted our calls since \d\d:\d\d/)
      }))
  }

  it('daily quota gone: the events are kept, and the day after all goes on', () =>
    sameAsWithoutFault(async (day) => {
      await ordinaryHour(day)
      for (const crm of BOTH) {
        // Salesforce: its own setting rather than a fault, so that the usage in the answer's header says the same.
        if (crm === 'salesforce') await day.control.salesforce.post('settings', { dailyLimit: 1 })
        else await day.control.hubspot.fault({ kind: 'daily-limit', path: ANY_CALL.hubspot })
        await day.run('poll', crm)
        const { message, remedy, level } = await day.notice(crm, 'busy', 'day')
        assert.match(
          message,
          new RegExp(`^${NAME[crm]} \\w+ \\w+ used up its API calls for the day\\. .*Nothing is lost`),
        )
        assert.match(message, /Calls resume at \w{3} \d+ \w{3}, \d\d:\d\d/)
        assert.match(remedy ?? '', /smaller share/)
        assert.equal(level, 'warn')
      }
      await day.turn()
      const [{ n }] = (await day.rows<{ n: number }>(kept())) as [{ n: number }]
      assert.ok(n > 0, 'events were received while nobody may call')
      await day.control.salesforce.post('settings', { dailyLimit: 140_000 })
    }))

  it('a storm of 503 for ten minutes: nothing is lost, and the end says from when to when and what waited', () =>
    sameAsWithoutFault(async (day) => {
      await ordinaryHour(day)
      for (const crm of BOTH) await day.control[crm].fault({ kind: '503', path: ANY_CALL[crm], times: 100_000 })
      for (let turn = 0; turn < 4; turn += 1) {
        for (const crm of BOTH) day.context.queues.wake('poll', day.idOf(crm))
        await day.hurry()
        await day.turn()
        if (turn === 0) for (const crm of BOTH) assert.equal((await day.notices(crm)).length <= 1, true)
        day.advance(2.5 * MINUTE_MS)
      }
      for (const crm of BOTH) {
        const { message, endedAt } = await day.notice(crm, 'outage')
        assert.match(message, new RegExp(`^${NAME[crm]} answered 503 since \\d\\d:\\d\\d.*Nothing is lost`))
        assert.equal(endedAt, null)
        await day.control[crm].clearFaults()
      }
      await day.untilQuiet()
      for (const crm of BOTH) {
        const { endedMessage } = await day.notice(crm, 'outage')
        assert.match(
          endedMessage ?? '',
          new RegExp(`^${NAME[crm]} answered 503 from (\\d\\d:\\d\\d).* to (\\d\\d:\\d\\d)`),
        )
      }
    }))

  it('HTML with status 200, and truncated JSON, to what is read: nothing of it is believed', () =>
    sameAsWithoutFault(async (day) => {
      await ordinaryHour(day)
      for (const crm of BOTH) {
        for (const kind of ['html', 'truncated']) {
          await day.control[crm].fault({ kind, path: ANY_CALL[crm], times: 3 })
          await day.run('poll', crm)
          await day.control[crm].clearFaults()
        }
        assert.match(
          (await day.notice(crm, 'odd-answers')).message,
          /with a web page or half a document.*We ignored it/,
        )
      }
      await day.untilQuiet()
      day.advance(2 * MINUTE_MS)
      await day.watch()
      for (const crm of BOTH)
        assert.match((await day.notice(crm, 'odd-answers')).endedMessage ?? '', /has answered normally since/)
    }))

  for (const [name, kind] of [
    ['timeout after the CRM committed', 'commit-then-hang'],
    ['connection cut after the CRM committed', 'commit-then-reset'],
    ['HTML with status 200 as the answer to a write', 'html'],
    ['truncated JSON as the answer to a write', 'truncated'],
  ] as const) {
    it(`${name}: each write is looked up, and none is done twice`, () =>
      sameAsWithoutFault(async (day) => {
        await ordinaryHour(day)
        // The deadline of a call is 20 s of real time, so only one CRM is waited for.
        const crms = kind === 'commit-then-hang' ? (['hubspot'] as const) : BOTH
        for (const crm of crms) await day.control[crm].fault({ kind, ...TASK_WRITES[crm] })
        await day.untilQuiet(80_000)
        for (const crm of crms) {
          const { message, endedMessage } = await day.notice(crm, 'lost-answer')
          assert.match(message, new RegExp(`^\\d+ writes? at \\d\\d:\\d\\d.* may have failed: ${NAME[crm]} `))
          assert.match(endedMessage ?? '', /^We looked up every write.*nothing was written twice\.$/)
        }
      }))
  }
})

async function callsOf(day: Day, crm: Crm): Promise<number> {
  return (await day.control[crm].get<{ calls: number }>('stats')).calls
}

function kept() {
  return sql`select count(*)::int as n from change_event where source = 'webhook' and state in ('applied', 'received')`
}
