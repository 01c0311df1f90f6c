import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { BOTH, type Crm, type Day } from './day.ts'
import { ordinaryHour, sameAsWithoutFault } from './ordinary-hour.ts'

const MINUTE_MS = 60_000

/** Where Lanekeeper alone writes tasks, and where it reads; people's own calls must get through. */
const TASK_WRITES = {
  hubspot: { method: 'POST', path: '/crm/objects/2026-03/tasks/batch/upsert' },
  salesforce: { method: 'PATCH', path: '/services/data/v67.0/composite/sobjects/Task' },
} as const
const ANY_CALL = { hubspot: '/crm', salesforce: '/services/data/v67.0' } as const

describe('a bad day of calls', { timeout: 240_000 }, () => {
  it('nothing goes wrong: the day ends as the day does', () =>
    sameAsWithoutFault(async (day) => {
      await ordinaryHour(day)
      await day.untilQuiet()
      for (const crm of BOTH)
        assert.deepEqual(
          (await day.notices(crm)).map(({ code, says }) => [code, says]),
          [],
        )
    }))
})

export { ANY_CALL, type Crm, type Day, MINUTE_MS, sql, TASK_WRITES }
