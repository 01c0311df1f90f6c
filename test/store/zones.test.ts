import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { canonicalZone } from '../../src/model/calendar/known-zone.ts'
import { countOwnersToday } from '../../src/store/writes/owner-intents.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

const NAMES = ['CET', 'cet', 'MET', 'EET', 'WET', 'EST5EDT', 'europe/berlin', 'US/Eastern', 'GB', 'PRC', 'Zulu', 'UTC']
const SEASONS = ['2026-01-15T12:00:00Z', '2026-07-15T12:00:00Z']

const localHour = (zone: string, at: string) =>
  Number(new Intl.DateTimeFormat('en', { timeZone: zone, hour: 'numeric', hourCycle: 'h23' }).format(new Date(at)))

describe('the zone of a company in Postgres', () => {
  let database: TestDatabase
  before(async () => {
    database = await testDatabase()
  })
  after(() => database.drop())

  it('is that of this runtime in summer and winter, by its canonical name', async () => {
    for (const name of NAMES) {
      for (const at of SEASONS) {
        const { rows } = await sql<{ hour: number }>`select extract(hour from
          ${at}::timestamptz at time zone ${canonicalZone(name)})::int as hour`.execute(database.db)
        assert.equal(rows[0]!.hour, localHour(name, at), `${name} at ${at}`)
      }
    }
  })

  it('ends the day of a pilot at its midnight, whatever it is called', async () => {
    for (const name of NAMES) {
      const { nextMidnightMs } = await countOwnersToday(database.db, 'routing', name)
      assert.equal(localHour(name, new Date(nextMidnightMs).toISOString()), 0, name)
    }
  })
})
