import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts'
import { SHIPPED } from '../migrations/digests.ts'
import { MIGRATIONS, tablesOf } from '../migrations/migrations.ts'
import { migrate, missingMigrations } from './migrate.ts'
import { SchemaRefusedError } from './schema-refusal.ts'

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
})

describe('a database that this version cannot use', () => {
  const refusals = [
    {
      name: 'made by an earlier version',
      change: `update kysely_migration set name = '0001-first' where name = '0001-schema'`,
      code: 'SCHEMA_TOO_OLD',
      says: /"0001-first".*npx lanekeeper export/,
    },
    {
      name: 'made by an earlier version and then partly by this one',
      change: `insert into kysely_migration (name, timestamp) values ('0001-first', '')`,
      code: 'SCHEMA_TOO_OLD',
      says: /"0001-first".*npx lanekeeper export/,
    },
    {
      name: 'changed by a newer version',
      change: `insert into kysely_migration (name, timestamp) values ('9999-from-the-future', '')`,
      code: 'SCHEMA_TOO_NEW',
      says: /"9999-from-the-future".*newer version/,
    },
    {
      name: 'restored without one of its tables',
      change: 'drop table missed_change',
      code: 'SCHEMA_INCOMPLETE',
      says: /table "missed_change" is missing/,
    },
    {
      name: 'restored without the record of its migrations',
      change: 'drop table kysely_migration',
      code: 'SCHEMA_INCOMPLETE',
      says: /no migration is recorded/,
    },
  ]
  for (const { name, change, code, says } of refusals) {
    it(`is refused with a sentence that says what to do when it was ${name}`, async () => {
      const other = await testDatabase()
      try {
        await sql.raw(change).execute(other.db)
        const before = await rowsOfMigrations(other.db)
        await assert.rejects(migrate(other.db), (error) => {
          assert.ok(error instanceof SchemaRefusedError)
          assert.equal(error.code, code)
          assert.match(error.message, says)
          return true
        })
        assert.deepEqual(await rowsOfMigrations(other.db), before)
      } finally {
        await other.drop()
      }
    })
  }
})

describe('the list of migrations', () => {
  it('rises strictly by number, so that the order of names is the order in which they run', () => {
    const names = MIGRATIONS.map(({ name }) => name)
    for (const name of names) assert.match(name, /^\d{4}-[a-z0-9-]+$/)
    const numbers = names.map((name) => Number.parseInt(name, 10))
    assert.deepEqual(
      numbers,
      [...new Set(numbers)].toSorted((a, b) => a - b),
    )
    assert.deepEqual(names, names.toSorted())
  })

  it('is what the folder holds: each migration has its file, and no file is left out', () => {
    const files = readdirSync(new URL('../migrations/', import.meta.url)).filter((file) => /^\d.*\.ts$/.test(file))
    assert.deepEqual(
      files.map((file) => file.replace('.ts', '')),
      MIGRATIONS.map(({ name }) => name),
    )
  })

  it('begins with what has shipped, unchanged, and has the digest of each', () => {
    const listed = MIGRATIONS.map(({ name, statements }) => ({ name, digest: digestOf(statements) }))
    // On a difference: write the next migration instead of changing one. For a new one, add the line that is shown here.
    assert.deepEqual(listed, SHIPPED)
  })

  it('knows the tables that it makes and drops', () => {
    const statements = ['create table a (x int)', 'create unlogged table b (x int)', 'drop table if exists a']
    assert.deepEqual(tablesOf([{ name: '0001-x', statements }]), ['b'])
  })
})

function digestOf(statements: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(statements)).digest('hex')
}

async function rowsOfMigrations(db: TestDatabase['db']): Promise<unknown[]> {
  const { rows } = await sql`select table_name from information_schema.tables
    where table_schema = 'public' order by table_name`.execute(db)
  return rows
}
