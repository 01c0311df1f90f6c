import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { type TestDatabase, testDatabase } from '../../test/support/database.ts'
import { keepCheckpoints } from '../api/server/keep-checkpoints.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { appendLedger } from '../store/ledger/ledger.ts'
import { readCheckpoints } from '../store/ledger/verify-ledger.ts'
import { runVerifyLedger } from './verify-ledger.ts'

describe('npx lanekeeper verify-ledger', () => {
  let test: TestDatabase
  let dataDir: string
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'lanekeeper-verify-'))
    test = await testDatabase()
    const entry = { at: new Date(), kind: 'decision', actor: 'lanekeeper', subject: 'hs/contacts/1', body: '{}' }
    await inTransaction(test.db, (trx) => appendLedger(trx, [entry, entry, entry]))
  })
  after(async () => {
    await test.drop()
    await rm(dataDir, { recursive: true, force: true })
  })

  async function run(args: string[], environment: Record<string, string> = { DATABASE_URL: test.url }) {
    let out = ''
    let problem = ''
    const code = await runVerifyLedger(
      args,
      { DATA_DIR: dataDir, ...environment },
      { stdout: { write: (text) => (out += text) }, stderr: { write: (text) => (problem += text) } },
    )
    return { code, out, problem }
  }

  it('answers 0 for a ledger that is intact', async () => {
    const { code, out } = await run(['--json'])
    assert.equal(code, 0)
    assert.equal(JSON.parse(out).rows, 3)
  })

  for (const [args, says] of [
    [['--jsn'], /no option --jsn; did you mean --json\?/],
    [['--chekpoints', 'x'], /did you mean --checkpoints\?/],
    [['ledger.jsonl'], /ledger\.jsonl/],
    [['--file'], /^--file needs a value after it\n/],
    [['--file', '--json'], /^--file needs a value after it\n/],
    [['--json=yes'], /^--json takes no value\n/],
    [['--checkpoints='], /--checkpoints needs the name of a file/],
    [['--file', 'a', '--export', 'b'], /without --export/],
    [['-x'], /^There is no option -x\n/],
    [['--prot'], /^There is no option --prot\n/],
  ] as const) {
    it(`answers 64 for "${args.join(' ')}", which says nothing of the ledger, and shows what it takes`, async () => {
      const { code, out, problem } = await run([...args])
      assert.deepEqual([code, out], [64, ''])
      assert.match(problem, says)
      assert.match(problem, /Exit code 0: the ledger is intact/)
    })
  }

  it('answers 2 for a file that is not there, and never compares with nothing instead', async () => {
    for (const args of [
      ['--file', join(dataDir, 'none.jsonl')],
      ['--checkpoints', join(dataDir, 'none.log')],
    ]) {
      const { code, problem } = await run(args)
      assert.equal(code, 2)
      assert.match(problem, /there is no file .*none/)
    }
  })

  it('answers 2 without a database, and makes none', async () => {
    for (const args of [[], ['--sandbox'], ['--json']]) {
      const { code, problem } = await run(args, {})
      assert.equal(code, 2)
      assert.match(problem, /No database in DATA_DIR/)
    }
    assert.deepEqual(await readdir(dataDir), [])
  })

  it('answers 1 for a body that was taken away without an erasure, and for an export that was cut', async () => {
    const file = join(dataDir, 'export.jsonl')
    assert.equal((await run(['--export', file])).code, 0)
    await writeFile(file, (await readFile(file, 'utf8')).slice(0, -40))
    const cut = await run(['--file', file])
    assert.equal(cut.code, 1)
    assert.match(cut.out, /CHANGED at row 3: the file ends in the middle of line 4/)
    await sql`update ledger set body = null where seq = 2`.execute(test.db)
    const bare = await run([])
    assert.equal(bare.code, 1)
    assert.match(bare.out, /CHANGED at row 2: .*no erasure.* The 1 rows before it are intact/)
  })

  it('compares with the checkpoints that the service keeps beside its keys, wherever it runs', async () => {
    const file = join(dataDir, 'checkpoints.log')
    const kept = keepCheckpoints(test.db, { dataDir, sandbox: 'auto' }, { warn: assert.fail }, { everyMs: 5 })
    const deadline = Date.now() + 10_000
    while ((await readCheckpoints(file)).length === 0 && Date.now() < deadline) await new Promise(setImmediate)
    await kept.stop()
    assert.deepEqual(
      (await readCheckpoints(file)).map(({ seq }) => seq),
      [3],
    )
    await writeFile(file, `${JSON.stringify({ seq: 1, hash: 'ff'.repeat(32) })}\n`, { flag: 'a' })
    assert.match((await run([])).out, /CHANGED at row 1: the chain up to here was rewritten/)
  })

  for (const [what, line] of [
    ['a number as text', (seq: number, hash: string) => JSON.stringify({ seq: String(seq), hash })],
    ['half a hash', (seq: number, hash: string) => JSON.stringify({ seq, hash: hash.slice(0, 20) })],
    ['no hash', (seq: number) => JSON.stringify({ seq })],
    ['no row', (_: number, hash: string) => JSON.stringify({ seq: 0, hash })],
    ['words', () => 'row 3 was here'],
  ] as const) {
    it(`answers 2 where a checkpoint cannot be read, as one with ${what}, and never compares without it`, async () => {
      const file = join(dataDir, 'edited.log')
      await writeFile(file, `${line(3, 'ff'.repeat(32))}\n`)
      const { code, problem } = await run(['--checkpoints', file])
      assert.equal(code, 2, problem)
      assert.match(problem, /line 1 of .*edited\.log is not a checkpoint/)
    })
  }

  it('reads over the half line that a crash leaves, and answers 2 for a file with nothing else in it', async () => {
    const file = join(dataDir, 'half.log')
    await writeFile(file, '{"seq":3,"ha\n\0\0\0\n')
    const { code, problem } = await run(['--checkpoints', file])
    assert.equal(code, 2)
    assert.match(problem, /half\.log holds no checkpoint/)
    await writeFile(file, `{"seq":3,"ha\n${JSON.stringify({ seq: 3, hash: 'ff'.repeat(32) })}\n`)
    assert.equal((await run(['--checkpoints', file])).code, 1)
  })
})
