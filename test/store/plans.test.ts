import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Kysely, sql } from 'kysely'
import { beat } from '../../src/store/database/counters.ts'
import { type Database, openDatabase } from '../../src/store/database/database.ts'
import { claimIntents } from '../../src/store/writes/intents.ts'
import { contactPolicy, pipelineHarness } from '../pipeline/harness.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

/** They have a row per connection, workflow, person, field or day: reading one whole costs nothing. */
const SMALL = [
  'connection',
  'connection_draft',
  'policy_version',
  'workflow_version',
  'unknown_input',
  'workflow',
  'workflow_connection',
  'permit',
  'person',
  'pause',
  'pause_release',
  'call_budget',
  'job',
  'policy_draft',
]

describe('no plan outlives the size of the tables that it was made for', () => {
  let test: TestDatabase
  before(async () => {
    test = await testDatabase()
  })
  after(() => test.drop())

  it('foreign keys refer only to tables that stay small, because their check keeps its first plan', async () => {
    const { rows } = await sql<{ name: string }>`
      select conrelid::regclass || ' to ' || confrelid::regclass as name from pg_constraint
      where contype = 'f' and connamespace = current_schema()::regnamespace
        and confrelid::regclass::text <> all(${SMALL}::text[])`.execute(test.db)
    assert.deepEqual(rows, [], 'check it per statement instead, as intent_has_task does')
  })

  it('a function that reads a table that grows plans it each time', async () => {
    assert.deepEqual(await unplanned(test.db), [], 'create the function with "set plan_cache_mode = force_custom_plan"')
  })

  it('an intent for a task that does not exist is refused', async () => {
    await assert.rejects(
      sql`insert into intent (connection_id, workflow, kind, task_id, payload, policy_hash)
        values ('c', 'w', 'task', 99, '{}', 'h')`.execute(test.db),
      /There is no task 99 to write/,
    )
  })
})

/** Functions with `from`, `join` or `update` of a growing table that may keep a plan. */
async function unplanned(db: Kysely<never> | Database): Promise<string[]> {
  const { rows } = await sql<{ name: string; source: string; settings: string[] | null }>`
    select proname as name, prosrc as source, proconfig as settings from pg_proc
    where pronamespace = current_schema()::regnamespace and prolang in (select oid from pg_language where lanname in ('plpgsql', 'sql'))
  `.execute(db as Database)
  const { rows: tables } = await sql<{ name: string }>`
    select relname as name from pg_class where relnamespace = current_schema()::regnamespace and relkind = 'r'`.execute(
    db as Database,
  )
  const growing = tables.map(({ name }) => name).filter((name) => !SMALL.includes(name))
  const reads = new RegExp(`\\b(?:from|join|update|using)\\s+(?:${growing.join('|')})\\b`)
  return rows
    .filter(({ source, settings }) => reads.test(source) && !settings?.includes('plan_cache_mode=force_custom_plan'))
    .map(({ name }) => name)
}

describe('making and claiming cases on a database that was analyzed while it was empty', () => {
  const CONTACTS = 2_000

  it('reads no table whole for each case, and no more per case as they become many', async () => {
    const h = await pipelineHarness((crm) => {
      for (const email of [...Object.keys(contactPolicy().owners.accepted), 'rep@x.example']) crm.person(email)
      // A person decides each of them, so that each has a task of its own.
      return [contactPolicy({ boundary: [{ ...contactPolicy().boundary[0]!, mode: 'review', rules: [] }] })]
    })
    try {
      for (const name of ['task', 'intent', 'exception', 'record', 'ledger', 'record_trace', 'open_task_change']) {
        await sql`alter table ${sql.table(name)} set (autovacuum_enabled = off)`.execute(h.db)
      }
      await sql`analyze`.execute(h.db)
      for (let n = 0; n < CONTACTS; n += 100) {
        const ids = Array.from({ length: 100 }, (_, i) => String(n + i))
        await h.receive(
          ...ids.map((id) => ({
            ...h.crm.change('contacts', id, { createdate: '2026-11-20T08:00:00.000Z', hubspot_owner_id: null }),
            fields: { createdate: '2026-11-20T08:00:00.000Z', hubspot_owner_id: null, country: null },
            complete: true,
          })),
        )
        await h.apply()
        await h.decide()
      }
      const cases = (await h.openExceptions()).length
      assert.ok(cases >= CONTACTS, `${cases} cases`)
      let claimed = 0
      for (let n = 0; n < CONTACTS; n += 100) {
        // Without a sign of life what it claimed would be claimed again.
        await beat(h.db, 'worker', 'test')
        claimed += (await claimIntents(h.db, h.crm.connectionId, 'task', 100, 'test')).length
      }
      assert.equal(claimed, CONTACTS)
      const read = await readWhole(h)
      // Batches are 100: a statement that reads its table whole has read 20 times half of it, one that does so for each
      // case 100 times as much as that.
      for (const { name, rows } of read) assert.ok(rows < 60 * cases, `${name}: ${rows} rows read without an index`)
    } finally {
      await h.stop()
    }
  })
})

/** Rows that sequential scans have read of each table, as counted once the connections that read them have ended. */
async function readWhole({ db, url }: { db: Database; url: string }): Promise<{ name: string; rows: number }[]> {
  await db.destroy()
  const other = openDatabase(url, { max: 1, applicationName: 'lanekeeper-test' })
  try {
    const { rows } = await sql<{ name: string; rows: number }>`
      select relname as name, seq_tup_read as rows from pg_stat_user_tables order by 2 desc`.execute(other)
    return rows
  } finally {
    await other.destroy()
  }
}
