import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts'
import { migrate, missingMigrations, SchemaTooNewError } from './migrate.ts'

describe('the schema', () => {
  let test: TestDatabase
  before(async () => {
    test = await testDatabase()
  })
  after(() => test.drop())

  it('is complete after a migration, and migrating again changes nothing', async () => {
    assert.deepEqual(await missingMigrations(test.db), [])
    assert.deepEqual(await Promise.all([migrate(test.db), migrate(test.db)]), [[], []])
  })

  it('gives bigint as number, calendar day as text and instant as Date', async () => {
    const { rows } = await sql<{ big: unknown; bigs: unknown; day: unknown; at: unknown }>`
      select 9007199254740991::bigint as big, array[1, null, 3]::bigint[] as bigs, date '2026-03-29' as day,
      timestamptz '2026-03-29T00:30:00Z' as at`.execute(test.db)
    assert.deepEqual(rows[0], {
      big: 9007199254740991,
      bigs: [1, null, 3],
      day: '2026-03-29',
      at: new Date('2026-03-29T00:30:00Z'),
    })
  })

  it('refuses to read a bigint that a number cannot hold, instead of rounding it', async () => {
    await assert.rejects(sql`select 9007199254740993::bigint as big`.execute(test.db), /beyond 2\^53/)
  })

  it('is refused when a newer version has changed it', async () => {
    const other = await testDatabase()
    try {
      await sql`insert into kysely_migration (name, timestamp) values ('9999-from-the-future', '')`.execute(other.db)
      await assert.rejects(migrate(other.db), (error) => {
        assert.ok(error instanceof SchemaTooNewError)
        assert.match(error.message, /"9999-from-the-future"/)
        return true
      })
    } finally {
      await other.drop()
    }
  })
})
