import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts'
import { inTransaction } from '../database/transaction.ts'
import { MIGRATIONS } from '../migrations/migrations.ts'
import { ERASED_KIND, erasedRows, eraseLedgerBodies } from './erasures.ts'
import { exportLedger } from './export-ledger.ts'
import { appendLedger, type LedgerEntry } from './ledger.ts'
import { verifyExport, verifyLedger } from './verify-ledger.ts'

const entry = (n: number): LedgerEntry => ({
  at: new Date(Date.UTC(2026, 10, 24, 9, 0, 0, n)),
  kind: 'decision',
  actor: 'lanekeeper',
  subject: `hs/contacts/${n}`,
  body: JSON.stringify({ n }),
})

describe('an erased body of the ledger', () => {
  let test: TestDatabase
  let directory: string
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lanekeeper-erasures-'))
  })
  beforeEach(async () => {
    test = await testDatabase()
    await inTransaction(test.db, (trx) => appendLedger(trx, [1, 2, 3, 4, 5, 6].map(entry)))
  })
  afterEach(() => test.drop())
  after(() => rm(directory, { recursive: true, force: true }))

  const erase = (...seqs: number[]) =>
    inTransaction(test.db, (trx) =>
      eraseLedgerBodies(trx, sql`seq = any(${seqs}::bigint[])`, { subject: 'hs/contacts/2', because: 'privacy' }),
    )
  const run = (statement: string) => sql.raw(statement).execute(test.db)
  /** What the owner of the database can do. */
  async function tamper(statement: string): Promise<void> {
    await run('alter table ledger disable trigger user')
    await run(statement)
    await run('alter table ledger enable trigger user')
  }

  it('verifies by the entry that names its row, in the database and in an export', async () => {
    assert.equal(await erase(2, 3, 5), 3)
    const check = await verifyLedger(test.db)
    assert.deepEqual([check.ok, check.rows, check.erased], [true, 7, 3])
    const { rows } = await sql<{ kind: string; body: string }>`select kind, body from ledger where seq = 7`.execute(
      test.db,
    )
    assert.equal(rows[0]?.kind, ERASED_KIND)
    assert.deepEqual(JSON.parse(rows[0]?.body ?? '').rows, [
      [2, 3],
      [5, 5],
    ])
    const file = join(directory, 'erased.jsonl')
    await exportLedger(test.db, file)
    assert.deepEqual(await verifyExport(file), check)
  })

  it('cannot be guessed from the hash that stays: equal bodies have different hashes', async () => {
    await inTransaction(test.db, (trx) => appendLedger(trx, [entry(1), entry(1)]))
    const { rows } = await sql<{ hash: string }>`
      select encode(body_hash, 'hex') as hash from ledger where subject = 'hs/contacts/1'`.execute(test.db)
    assert.equal(new Set(rows.map(({ hash }) => hash)).size, 3)
  })

  it('is written down once: erasing again, or nothing, appends no entry', async () => {
    await erase(2)
    assert.equal(await erase(2), 0)
    assert.equal(await erase(99), 0)
    assert.equal((await verifyLedger(test.db)).rows, 7)
  })

  it('that no entry names is reported with its position: the trigger lets the update through', async () => {
    await run('update ledger set body = null where seq >= 3')
    const check = await verifyLedger(test.db)
    assert.equal(check.ok, false)
    assert.equal(check.firstBad?.seq, 3)
    assert.match(check.firstBad?.why ?? '', /its body is gone, and of 3 more rows, and no erasure/)
    assert.equal(check.rows, 2)
  })

  it('beside erased ones is reported too, before them, between them and after them', async () => {
    await erase(2, 4)
    for (const seq of [6, 3, 1]) {
      await run(`update ledger set body = null where seq = ${seq}`)
      assert.equal((await verifyLedger(test.db)).firstBad?.seq, seq)
    }
    assert.match((await verifyLedger(test.db)).firstBad?.why ?? '', /2 more rows/)
  })

  it('of a whole ledger is reported', async () => {
    await run('update ledger set body = null')
    assert.equal((await verifyLedger(test.db)).firstBad?.seq, 1)
  })

  it('of an erasure itself is reported, since its list is gone', async () => {
    await erase(2)
    await run('update ledger set body = null where seq = 7')
    assert.equal((await verifyLedger(test.db)).firstBad?.seq, 7)
    assert.equal(await erase(1, 7), 1, 'an erasure never erases another')
  })

  it('is not explained by an entry that is edited, that stands before it, or that names no rows', async () => {
    await erase(2)
    await run('update ledger set body = null where seq = 5')
    await tamper(`update ledger set body = replace(body, '[[2,2]]', '[[2,5]]') where seq = 7`)
    assert.match((await verifyLedger(test.db)).firstBad?.why ?? '', /not the one that was recorded/)
    for (const rows of ['[[1,9]]', '[["1",2]]', '[[3,2]]', '[5]', '7', 'null']) {
      const other = await testDatabase()
      await inTransaction(other.db, (trx) =>
        appendLedger(trx, [entry(1), { ...entry(2), kind: ERASED_KIND, body: `{"rows":${rows}}` }, entry(3)]),
      )
      const check = await verifyLedger(other.db)
      assert.equal(check.firstBad?.seq, 2, rows)
      await other.drop()
    }
  })

  it('of before erasures were entries is named by the migration that brings them', async () => {
    await run('update ledger set body = null where seq in (1, 2, 5)')
    const statements = MIGRATIONS.find(({ name }) => name === '0005-ledger-erasures')?.statements ?? []
    for (const statement of statements) await run(statement)
    const check = await verifyLedger(test.db)
    assert.deepEqual([check.ok, check.rows, check.erased], [true, 7, 3], check.firstBad?.why)
    const { rows } = await sql<{ body: string }>`select body from ledger where seq = 7`.execute(test.db)
    assert.deepEqual(JSON.parse(rows[0]?.body ?? '').rows, [
      [1, 2],
      [5, 5],
    ])
    for (const statement of statements) await run(statement)
    const again = await verifyLedger(test.db)
    assert.equal(again.ok, true, again.firstBad?.why)
  })

  it('is explained by exactly the rows that are named, whatever overlaps', () => {
    const range = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 9 }))
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 70 })), fc.array(range), (gone, ranges) => {
        const bodies = erasedRows()
        const rising = gone.toSorted((a, b) => a - b)
        for (const seq of rising) bodies.missing(seq)
        const named = ranges.map(([from, more]) => [from, from + more] as const)
        assert.equal(bodies.named(1_000, JSON.stringify({ rows: named })), null)
        const bare = rising.filter((seq) => !named.some(([from, to]) => from <= seq && seq <= to))
        assert.deepEqual(bodies.unexplained(), bare.length === 0 ? null : { first: bare[0], n: bare.length })
      }),
    )
  })

  describe('or one of its neighbours, in an export that was cut,', () => {
    it('is reported where the file ends, in the middle of a row as between two', async () => {
      const file = join(directory, 'cut.jsonl')
      await exportLedger(test.db, file)
      const text = await readFile(file, 'utf8')
      const lines = text.split('\n')
      const start = lines.slice(0, 4).join('\n').length + 1
      for (const cut of [start, start + 1, start + lines[4]!.length - 1]) {
        await writeFile(file, text.slice(0, cut))
        const check = await verifyExport(file)
        assert.equal(check.firstBad?.seq, 4, String(cut))
        assert.match(
          check.firstBad?.why ?? '',
          cut === start ? /the last 3 rows are gone/ : /ends in the middle of line 5/,
        )
        assert.equal(check.rows, 3)
      }
    })

    it('is told apart from a line that is no row', async () => {
      const file = join(directory, 'foreign.jsonl')
      await exportLedger(test.db, file)
      const lines = (await readFile(file, 'utf8')).split('\n')
      for (const line of ['{"seq":3}', '[]', 'null', 'nonsense']) {
        await writeFile(file, [...lines.slice(0, 3), line, ...lines.slice(4)].join('\n'))
        const check = await verifyExport(file)
        assert.deepEqual(check.firstBad, { seq: 3, why: 'line 4 of the file is not a row of a ledger' })
      }
    })
  })

  it('does not hide that two checkpoints of one row contradict each other', async () => {
    const { head } = await verifyLedger(test.db)
    const right = { seq: 6, hash: head?.hash ?? '' }
    const wrong = { seq: 6, hash: 'ff'.repeat(32) }
    assert.equal((await verifyLedger(test.db, { checkpoints: [right, right] })).ok, true)
    for (const checkpoints of [
      [right, wrong],
      [wrong, right],
      [wrong, wrong],
    ]) {
      assert.equal((await verifyLedger(test.db, { checkpoints })).firstBad?.seq, 6)
    }
    assert.match((await verifyLedger(test.db, { checkpoints: [wrong, right] })).firstBad?.why ?? '', /contradict/)
  })
})
