import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts'
import type { Database } from '../database/database.ts'
import { exportLedger } from './export-ledger.ts'
import { appendLedger, chainHash, type LedgerEntry, sha256 } from './ledger.ts'
import { writeCheckpoints } from './ledger-checkpoints.ts'
import { readCheckpoints, verifyExport, verifyLedger } from './verify-ledger.ts'

function entries(count: number, from = 1): LedgerEntry[] {
  return Array.from({ length: count }, (_, index) => ({
    at: new Date(Date.UTC(2026, 10, 24, 9, 0, 0, index)),
    kind: 'decision',
    actor: 'lanekeeper',
    subject: `hubspot/contacts/${from + index}`,
    body: JSON.stringify({ n: from + index, text: 'Zoë \u0000 \ud800' }),
  }))
}

async function append(db: Database, count: number, from?: number): Promise<number[]> {
  return db.transaction().execute((trx) => appendLedger(trx, entries(count, from)))
}

/** What an administrator of the database can do and the application cannot. */
async function asAttacker(db: Database, ...statements: string[]): Promise<void> {
  await sql.raw('alter table ledger disable trigger user').execute(db)
  for (const statement of statements) await sql.raw(statement).execute(db)
  await sql.raw('alter table ledger enable trigger user').execute(db)
}

describe('the ledger', () => {
  let test: TestDatabase
  let directory: string
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lanekeeper-ledger-'))
  })
  beforeEach(async () => {
    test = await testDatabase()
  })
  afterEach(() => test.drop())
  after(() => rm(directory, { recursive: true, force: true }))

  it('numbers entries without gaps, in the order they were given, and verifies', async () => {
    assert.deepEqual(await append(test.db, 3), [1, 2, 3])
    assert.deepEqual(await append(test.db, 2), [4, 5])
    assert.deepEqual(await append(test.db, 0), [])
    const check = await verifyLedger(test.db)
    assert.equal(check.ok, true)
    assert.equal(check.rows, 5)
  })

  it('takes appends from many transactions at once without a gap or a fork', async () => {
    await Promise.all(Array.from({ length: 20 }, () => append(test.db, 7)))
    const check = await verifyLedger(test.db)
    assert.deepEqual([check.ok, check.rows], [true, 140])
  })

  it('keeps nothing of a transaction that was rolled back', async () => {
    await append(test.db, 1)
    await assert.rejects(
      test.db.transaction().execute(async (trx) => {
        await appendLedger(trx, entries(5))
        throw new Error('no')
      }),
    )
    assert.deepEqual(await append(test.db, 1), [2])
    assert.equal((await verifyLedger(test.db)).ok, true)
  })

  it('refuses update, delete and truncate', async () => {
    await append(test.db, 2)
    for (const statement of [`update ledger set actor = 'me'`, 'delete from ledger', 'truncate ledger']) {
      await assert.rejects(sql.raw(statement).execute(test.db), /append-only/)
    }
  })

  describe('under attack by somebody who owns the database', () => {
    beforeEach(() => append(test.db, 10))

    const edits: Record<string, string> = {
      'an edited body': `update ledger set body = '{"n":0}' where seq = 4`,
      'an edited body with a matching body hash': `update ledger set body = 'x', body_hash = sha256('x') where seq = 4`,
      'an edited actor': `update ledger set actor = 'somebody else' where seq = 4`,
      'a time shifted by a microsecond': `update ledger set at = at + interval '1 microsecond' where seq = 4`,
      'a subject moved into the kind': `update ledger set kind = kind || 'h', subject = substr(subject, 2) where seq = 4`,
    }
    for (const [name, statement] of Object.entries(edits)) {
      it(`shows ${name}`, async () => {
        await asAttacker(test.db, statement)
        assert.equal((await verifyLedger(test.db)).firstBad?.seq, 4)
      })
    }

    it('shows a deletion', async () => {
      await asAttacker(test.db, 'delete from ledger where seq in (4, 5)')
      assert.deepEqual((await verifyLedger(test.db)).firstBad, { seq: 4, why: '2 rows are missing before 6' })
    })

    it('shows a deletion hidden by numbering the rest anew', async () => {
      await asAttacker(
        test.db,
        'delete from ledger where seq = 4',
        'update ledger set seq = -seq where seq > 4',
        'update ledger set seq = -seq - 1 where seq < 0',
      )
      assert.equal((await verifyLedger(test.db)).firstBad?.seq, 4)
    })

    it('shows an insertion', async () => {
      await asAttacker(
        test.db,
        'insert into ledger select 0, at, kind, actor, subject, body, body_hash, prev_hash, hash from ledger where seq = 3',
      )
      assert.equal((await verifyLedger(test.db)).ok, false)
      await asAttacker(
        test.db,
        'delete from ledger where seq = 0',
        'insert into ledger select 11, at, kind, actor, subject, body, body_hash, prev_hash, hash from ledger where seq = 10',
      )
      assert.equal((await verifyLedger(test.db)).firstBad?.seq, 11)
    })

    it('shows a tail that was cut off', async () => {
      await asAttacker(test.db, 'delete from ledger where seq > 7')
      assert.match((await verifyLedger(test.db)).firstBad?.why ?? '', /the last 3 rows are gone/)
    })

    it('shows a tail that was cut off together with the head, against a checkpoint', async () => {
      const file = join(directory, 'cut.log')
      assert.equal(await writeCheckpoints(test.db, file, Date.now()), 1)
      await asAttacker(
        test.db,
        'delete from ledger where seq > 7',
        'update ledger_head set (seq, hash) = (select seq, hash from ledger where seq = 7)',
      )
      assert.equal((await verifyLedger(test.db)).ok, true, 'without the checkpoint nothing shows')
      const check = await verifyLedger(test.db, { checkpoints: await readCheckpoints(file) })
      assert.deepEqual(check.firstBad?.seq, 8)
    })

    it('shows a chain rewritten from end to end, against a checkpoint', async () => {
      const file = join(directory, 'rewritten.log')
      await writeCheckpoints(test.db, file, Date.now())
      let prevHash = '00'.repeat(32)
      const statements = []
      for (let seq = 1; seq <= 10; seq++) {
        const bare = { seq, atMicros: '0', kind: 'k', actor: 'a', subject: 's', bodyHash: sha256('b').toString('hex') }
        const hash = chainHash({ ...bare, prevHash })
        statements.push(
          `update ledger set at = 'epoch', kind = 'k', actor = 'a', subject = 's', body = 'b', body_hash = sha256('b'),
           prev_hash = '\\x${prevHash}', hash = '\\x${hash}' where seq = ${seq}`,
        )
        prevHash = hash
      }
      await asAttacker(test.db, ...statements, `update ledger_head set hash = '\\x${prevHash}'`)
      assert.equal((await verifyLedger(test.db)).ok, true, 'without the checkpoint nothing shows')
      const check = await verifyLedger(test.db, { checkpoints: await readCheckpoints(file) })
      assert.match(check.firstBad?.why ?? '', /rewritten/)
    })
  })

  it('takes a checkpoint at every thousandth row, however many came at once', async () => {
    const file = join(directory, 'thousands.log')
    await append(test.db, 2_500)
    await writeCheckpoints(test.db, file, 0)
    assert.deepEqual(
      (await readCheckpoints(file)).map(({ seq }) => seq),
      [1_000, 2_000],
    )
    assert.equal(await writeCheckpoints(test.db, file, 3_599_999), 0, 'nothing new within the hour')
    assert.equal(await writeCheckpoints(test.db, file, 3_600_000), 1)
    assert.equal((await verifyLedger(test.db, { checkpoints: await readCheckpoints(file) })).checkpoints, 3)
  })

  it('verifies from an export without the database, and shows an edited export', async () => {
    const file = join(directory, 'export.jsonl')
    await append(test.db, 6_000)
    assert.equal(await exportLedger(test.db, file), 6_000)
    assert.deepEqual(await verifyExport(file), await verifyLedger(test.db))
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace('hubspot/contacts/5123', 'hubspot/contacts/9999'))
    assert.equal((await verifyExport(file)).firstBad?.seq, 5_123)
    await writeFile(file, text.split('\n').slice(0, 5_001).join('\n'))
    assert.equal((await verifyExport(file)).firstBad?.seq, 5_001)
    await writeFile(file, 'something else\n')
    await assert.rejects(verifyExport(file), /not an export/)
  })
})
