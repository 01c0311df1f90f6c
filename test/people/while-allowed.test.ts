import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Actor } from '../../src/model/authority/acts.ts'
import { requireMay, whileAllowed } from '../../src/people/permitted.ts'
import { RefusedError } from '../../src/people/refused.ts'
import { inTransaction } from '../../src/store/database/transaction.ts'
import { refreshLaneHolders } from '../../src/store/people/lane-holders.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { testAdmin } from '../support/people.ts'

describe('an act of which somebody is asked again in the transaction of its effect', () => {
  let database: TestDatabase
  let admin: Actor
  before(async () => {
    database = await testDatabase()
    const personId = await testAdmin(database.db)
    admin = {
      kind: 'person',
      personId,
      strength: 'strong',
      signedInAtMs: Date.now(),
      isActive: true,
      isActiveInCrm: true,
    }
  })
  after(() => database.drop())

  const ASKED = [
    { act: 'disconnect', subject: { about: 'hs' } },
    { act: 'erase', subject: { about: 'hs' } },
  ] as const
  const entries = async () =>
    (await sql<{ kind: string; body: string }>`select kind, body from ledger order by seq`.execute(database.db)).rows
  const work = (still: Parameters<Parameters<typeof whileAllowed>[3]>[0]) =>
    inTransaction(database.db, async (trx) => {
      await sql`insert into counter (connection_id, name, detail, n) values ('hs', 'effect', '', 1)`.execute(trx)
      await still(trx)
      return 'done'
    })

  it('goes on while they may, and is given up with an entry where their job ended in between', async () => {
    const { db } = database
    assert.equal(await whileAllowed(db, admin, ASKED, work), 'done')
    const before = (await entries()).length
    await sql`delete from counter`.execute(db)
    await requireMay(db, admin, ASKED[0].act, ASKED[0].subject)
    await sql`update job set ended_at = now(), ended_by = 'terminal', end_reason = 'left' where lane = 'admin'`.execute(
      db,
    )
    await refreshLaneHolders(db, null)
    await assert.rejects(whileAllowed(db, admin, ASKED, work), (error) => {
      assert.ok(error instanceof RefusedError)
      assert.equal(error.act, 'disconnect')
      return true
    })
    const { rows } = await sql`select 1 from counter`.execute(db)
    assert.deepEqual(rows, [], 'what was begun is given up')
    const added = (await entries()).slice(before)
    assert.deepEqual(
      added.map(({ kind, body }) => [kind, JSON.parse(body).act]),
      [['refused', 'disconnect']],
    )
  })

  it('passes on whatever else goes wrong', async () => {
    const failing = whileAllowed(database.db, admin, [], async () => {
      throw new RangeError('something else')
    })
    await assert.rejects(failing, RangeError)
  })
})
