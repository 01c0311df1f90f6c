import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import { STATEMENTS } from '../../src/store/migrations/0014-task-follow-ups.ts'
import { writtenValues } from '../../src/store/writes/written-values.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

describe('the values that we wrote', () => {
  let test: TestDatabase
  before(async () => {
    test = await testDatabase()
  })
  after(() => test.drop())
  beforeEach(() => sql`truncate write_attempt, write_answer`.execute(test.db))

  type Answer = { readonly outcome: string; readonly after?: string; readonly late?: boolean }
  const attempt = async (value: string, answers: readonly Answer[], intent = 1) => {
    const { rows } = await sql<{ id: number }>`
      insert into write_attempt (connection_id, call, intent_id, lease_epoch, workflow, kind, object_type, record_id, field,
        before, value)
      values ('c', 1, ${intent}, 1, 'w', 'action', 'contacts', '1', 'owner', 'ann', ${value}) returning id`.execute(
      test.db,
    )
    for (const { outcome, after: shown = null, late = false } of answers) {
      await sql`insert into write_answer (connection_id, attempt_id, outcome, after, late)
        values ('c', ${rows[0]!.id}, ${outcome}, ${shown}, ${late})`.execute(test.db)
    }
  }
  const value = async () =>
    (await writtenValues(test.db, 'c', [{ objectType: 'contacts', recordId: '1' }])).get('contacts/1/owner')?.value

  it('are those that an answer says are done: the newest, as the CRM itself answered it', async () => {
    await attempt('bob', [])
    await attempt('bob', [{ outcome: 'unknown' }])
    await attempt('bob', [{ outcome: 'not-written' }])
    assert.equal(await value(), undefined)
    await attempt('bob', [{ outcome: 'unknown' }, { outcome: 'done', late: true }])
    assert.equal(await value(), 'bob', 'a late answer counts')
    await attempt('cid', [{ outcome: 'done' }, { outcome: 'done', after: 'cid (18 characters)' }])
    assert.equal(await value(), 'cid (18 characters)')
    await attempt('dan', [{ outcome: 'refused' }])
    assert.equal(await value(), 'cid (18 characters)')
    const { rows } = await sql`select before, intent_id from written_value`.execute(test.db)
    assert.deepEqual(rows, [{ before: 'ann', intent_id: 1 }])
  })

  it('go with the record that is erased', async () => {
    await attempt('bob', [{ outcome: 'done' }])
    await sql`update write_attempt set record_id = null, before = null, value = null`.execute(test.db)
    assert.equal(await value(), undefined)
  })

  it('of before there was a log are in it after the migration, each once', async () => {
    await sql`drop view written_value`.execute(test.db)
    await sql`create table written_value (connection_id text, object_type text, record_id text, field text, value text,
      before text, intent_id bigint, written_at timestamptz)`.execute(test.db)
    await attempt('new', [{ outcome: 'done' }], 7)
    await sql`insert into written_value values
      ('c', 'contacts', '1', 'owner', 'new', 'ann', 7, now()),
      ('c', 'contacts', '2', 'owner', 'old', 'ann', 3, '2026-01-02T03:04:05Z')`.execute(test.db)
    const moving = STATEMENTS.slice(STATEMENTS.findIndex((statement) => statement.includes('with old as')))
    assert.equal(moving.length, 3)
    for (const statement of moving) await sql.raw(statement).execute(test.db)
    const { rows } = await sql`
      select record_id, value, before, intent_id, written_at from written_value order by record_id`.execute(test.db)
    assert.equal(rows.length, 2)
    assert.deepEqual(rows[1], {
      record_id: '2',
      value: 'old',
      before: 'ann',
      intent_id: 3,
      written_at: new Date('2026-01-02T03:04:05Z'),
    })
    const { rows: attempts } = await sql<{ n: number }>`select count(*)::int as n from write_attempt`.execute(test.db)
    assert.equal(attempts[0]!.n, 2)
  })
})
