import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { ConnectionId } from '../../src/model/record/change-event.ts'
import { findOverdue } from '../../src/store/decisions/overdue-stages.ts'
import { takeDirtyRecords, withinReach } from '../../src/store/records/dirty-records.ts'
import { markNeighboursDirty } from '../../src/store/records/mark-dirty.ts'
import { type MarkedBy, markNextQueued, queueMarks } from '../../src/store/records/mark-queue.ts'
import { countToDecide } from '../../src/store/records/records-to-decide.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

const ID = 'hubspot-1' as ConnectionId

describe('records that a change of somebody or something else asks a decision for', () => {
  let test: TestDatabase
  before(async () => {
    test = await testDatabase()
    await sql`insert into connection (id, crm, title, account_id, base_url) values (${ID}, 'hubspot', 'P', '1', '')`.execute(
      test.db,
    )
  })
  after(() => test.drop())
  beforeEach(() => sql`truncate record, match_key, mark_queue, exception`.execute(test.db))

  const contacts = (n: number, owner = 'leaver', from = 0) =>
    sql`insert into record (connection_id, object_type, record_id, values, stamps, owner_id, account_id)
      select ${ID}, 'contacts', (${from}::int + i)::text, '{}', '{}', ${owner}, 'acme' from generate_series(1, ${n}::int) i`.execute(
      test.db,
    )
  const dirty = async () => {
    const { rows } = await sql<{ id: string }>`
      select record_id as id from record where dirty_since is not null order by record_id`.execute(test.db)
    return rows.map(({ id }) => id)
  }
  const queue = (by: MarkedBy, value: string) =>
    test.db.transaction().execute((trx) => queueMarks(trx, ID, by, [value]))
  const markAll = async (atOnce: number) => {
    const steps: number[] = []
    for (let more = true; more; ) {
      const before = (await dirty()).length
      more = await markNextQueued(test.db, ID, atOnce)
      steps.push((await dirty()).length - before)
    }
    return steps
  }

  it('are all marked when their owner leaves, never more in one statement than a batch has', async () => {
    await contacts(95)
    await contacts(20, 'stays', 1_000)
    await queue('owner', 'leaver')
    assert.deepEqual(await dirty(), [], 'the transaction that notes the departure marks none')
    assert.equal(await countToDecide(test.db), 95)
    assert.ok((await findOverdue(test.db, 60)).some(({ stage }) => stage === 'decide'))
    await markNextQueued(test.db, ID, 30)
    assert.equal(await countToDecide(test.db), 95, 'some are marked, the others still to be')
    const steps = await markAll(30)
    assert.ok(
      steps.every((n) => n <= 30),
      steps.join(),
    )
    assert.equal((await dirty()).length, 95)
    assert.equal(await markNextQueued(test.db, ID, 30), false)
  })

  it('are marked again from the first when the same is asked for in the middle', async () => {
    await contacts(50)
    await queue('owner', 'leaver')
    await markNextQueued(test.db, ID, 30)
    await sql`update record set dirty_since = null`.execute(test.db)
    await queue('owner', 'leaver')
    await markAll(30)
    assert.equal((await dirty()).length, 50)
  })

  it('are those of the account, of the key, or of the open cases of a person, and no others', async () => {
    await contacts(3)
    await sql`update record set account_id = 'other' where record_id = '3'`.execute(test.db)
    await queue('account', 'acme')
    await markAll(100)
    assert.deepEqual(await dirty(), ['1', '2'])
    await sql`update record set dirty_since = null`.execute(test.db)
    await sql`insert into match_key values ('of-domain:a.example', ${ID}, 'contacts', '2')`.execute(test.db)
    await queue('key', 'of-domain:a.example')
    await markAll(100)
    assert.deepEqual(await dirty(), ['2'])
    await sql`update record set dirty_since = null`.execute(test.db)
    await sql`insert into exception (connection_id, workflow, pattern, subject, object_type, record_id, title, class,
        class_because, posture, owner_email, what, would_have, todo, cause, evidence, policy_hash, due_at)
      select ${ID}, 'w', 'p', p, 'contacts', '3', '', 'risky', '', 'hold', 'ann@x.example', '', '', '', 'c', '{}', 'h', now()
      from unnest(array['a', 'b']) p`.execute(test.db)
    await queue('case-owner', 'ann@x.example')
    assert.equal(await countToDecide(test.db), 1, 'two cases of one record')
    await markAll(100)
    assert.deepEqual(await dirty(), ['3'])
  })

  it('hang off an account of thousands: some are marked with its change, all before the next decision', async () => {
    await contacts(2_500)
    await test.db
      .transaction()
      .execute((trx) =>
        markNeighboursDirty(trx, ID, { keys: new Map(), accountIds: ['acme'], linksBefore: [], ofDomain: [] }),
      )
    const first = (await dirty()).length
    assert.ok(first > 0 && first <= 1_001, String(first))
    await markAll(2_000)
    assert.equal((await dirty()).length, 2_500)
  })

  it('are forgotten when the connection ends', async () => {
    await contacts(5)
    await queue('owner', 'leaver')
    await sql`update connection set status = 'disconnected' where id = ${ID}`.execute(test.db)
    assert.equal(await markNextQueued(test.db, ID, 30), false)
    await sql`update connection set status = 'connected' where id = ${ID}`.execute(test.db)
    assert.equal(await markNextQueued(test.db, ID, 30), false)
    assert.deepEqual(await dirty(), [])
  })

  it('are decided in smaller batches where each shares its keys with many others', async () => {
    await contacts(60)
    await sql`update connection set joined_at = now() where id = ${ID}`.execute(test.db)
    await sql`update record set dirty_since = now() + record_id::int * interval '1 second',
      keys = array['key:' || record_id]`.execute(test.db)
    await sql`insert into match_key (key, connection_id, object_type, record_id)
      select 'key:' || k, ${ID}, 'contacts', 'x' || i from generate_series(1, 60) k, generate_series(1, 190) i`.execute(
      test.db,
    )
    await test.db.transaction().execute(async (trx) => {
      const taken = await takeDirtyRecords(trx, ID, 250)
      assert.equal(taken.length, 60)
      const some = await withinReach(trx, taken)
      assert.equal(some.length, 26, '26 times 190 neighbors are within 5,000')
      assert.deepEqual(some, taken.slice(0, 26))
      assert.equal((await withinReach(trx, taken.slice(0, 1))).length, 1)
    })
  })
})
