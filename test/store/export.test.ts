import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runExport } from '../../src/cli/export.ts'
import { readCheckpoints, verifyExport } from '../../src/store/ledger/verify-ledger.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { FORMER_SCHEMAS, fillDatabase, formerDatabase, SECRET, withClient } from './former-database.ts'

const EXPORT = 'src/cli/export.ts'
const PROGRAMS = ['src/api/serve.ts', 'workers/main.ts']
const VERIFY = 'src/cli/verify-ledger.ts'
/** Of each former schema; none of them had versions of workflows, or workflows by connection. */
const FILES = [
  'README.txt',
  'checkpoints.jsonl',
  'connections.jsonl',
  'ledger.jsonl',
  'policies.jsonl',
  'workflows.jsonl',
]

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/** A program of the product with nothing of our environment but the path. */
function run(
  file: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const program = fileURLToPath(new URL(`../../${file}`, import.meta.url))
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // One that waits for the database is killed, and its exit code null fails the test. Long, for a machine under load.
    timeout: 120_000,
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
}

/** The export within this process, which is what takes longest to start. */
async function exportTo(out: string, url: string, ...more: string[]): Promise<Ended> {
  let stdout = ''
  let stderr = ''
  const code = await runExport(
    ['--from', url, '--out', out, ...more],
    {},
    { stdout: { write: (text) => (stdout += text) }, stderr: { write: (text) => (stderr += text) } },
  )
  return { code, stdout, stderr }
}

/** The command that the export prints, split as a shell would. */
function printedCheck(stdout: string): string[] {
  const line = stdout.split('\n').find((one) => one.includes('verify-ledger')) ?? ''
  return line.trim().split(' ').slice(3)
}

async function linesOf(directory: string, file: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(join(directory, file), 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** As text, and as the database or JSON would show bytes. */
async function assertHoldsNoSecret(directory: string): Promise<void> {
  const bytes = Buffer.from(SECRET)
  const shapes = [SECRET, bytes.toString('hex'), bytes.toString('base64').slice(0, 8), [...bytes].join(',')]
  for (const file of await readdir(directory)) {
    const text = await readFile(join(directory, file), 'utf8')
    for (const shape of shapes) assert.ok(!text.includes(shape), `${file} holds ${shape}`)
  }
}

describe('lanekeeper export', { concurrency: 2 }, () => {
  let directory: string
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lanekeeper-export-'))
  })
  after(() => rm(directory, { recursive: true, force: true }))

  it('is tested on the first schema, the last before the squash, and those between', () => {
    for (const commit of ['ea088a6', '3437aed', 'fd83dcf', 'a7be7b6', 'b29ed35', 'a440af2', 'aa4ec0e']) {
      assert.ok(FORMER_SCHEMAS.includes(commit), commit)
    }
  })

  for (const commit of FORMER_SCHEMAS) {
    it(`saves a database that commit ${commit} made, without any secret, and its ledger verifies`, async () => {
      const database = await formerDatabase(commit, 1_500)
      try {
        const out = join(directory, commit)
        const exported = await exportTo(out, database.url)
        assert.equal(exported.code, 0, exported.stderr)
        assert.deepEqual((await readdir(out)).toSorted(), FILES)
        const check = await verifyExport(join(out, 'ledger.jsonl'), {
          checkpoints: await readCheckpoints(join(out, 'checkpoints.jsonl')),
        })
        assert.deepEqual([check.ok, check.rows, check.checkpoints], [true, 1_500, 2])
        const connections = await linesOf(out, 'connections.jsonl')
        assert.deepEqual(
          connections.map(({ id, base_url }) => [id, base_url]),
          [
            ['hubspot-1', 'https://api.example.com/base'],
            ['salesforce-1', 'https://api.example.com/base'],
          ],
        )
        assert.deepEqual((await linesOf(out, 'policies.jsonl'))[0]?.document, {
          workflow: 'inbound-leads',
          rules: [{ name: 'nordics' }],
        })
        assert.equal((await linesOf(out, 'workflows.jsonl'))[0]?.effective_mode, 'observe')
        await assertHoldsNoSecret(out)
      } finally {
        await database.drop()
      }
    })
  }

  // The first schema, one of those with another migration 0014, and the last: each program takes seconds to start.
  for (const commit of ['ea088a6', 'a440af2', 'aa4ec0e']) {
    it(`is what the service and the workers name when they refuse a database that commit ${commit} made`, async () => {
      const database = await formerDatabase(commit, 1)
      try {
        const environment = { DATABASE_URL: database.url, DATA_DIR: directory, PORT: '0' }
        for (const ended of await Promise.all(PROGRAMS.map((program) => run(program, [], environment)))) {
          assert.equal(ended.code, 1, ended.stderr)
          assert.match(ended.stderr, /^Cannot use this database: .*npx lanekeeper export --from .*\n$/)
        }
        const out = join(directory, `${commit}-as-program`)
        const exported = await run(EXPORT, ['--from', database.url, '--out', out])
        assert.equal(exported.code, 0, exported.stderr)
        const verified = await run(VERIFY, printedCheck(exported.stdout))
        assert.equal(verified.code, 0, verified.stderr)
        assert.match(verified.stdout, /intact: 1 rows, compared with 1 checkpoints/)
      } finally {
        await database.drop()
      }
    })
  }
})

describe('an export', () => {
  let database: TestDatabase
  let directory: string
  before(async () => {
    database = await testDatabase()
    directory = await mkdtemp(join(tmpdir(), 'lanekeeper-export-'))
    await withClient(database.url, (client) => fillDatabase(client, 2_500))
  })
  after(async () => {
    await database.drop()
    await rm(directory, { recursive: true, force: true })
  })

  it('reads the database of DATABASE_URL when --from is left out, also of the present schema', async () => {
    const out = join(directory, 'present')
    const ended = await run(EXPORT, ['--out', out], { DATABASE_URL: database.url, DATA_DIR: directory })
    assert.equal(ended.code, 0, ended.stderr)
    assert.deepEqual(
      (await linesOf(out, 'checkpoints.jsonl')).map(({ seq }) => seq),
      [1_000, 2_000, 2_500],
    )
    await assertHoldsNoSecret(out)
  })

  it('says which versions ran when, and how far each workflow runs in each connection', async () => {
    await withClient(database.url, async (client) => {
      await client.query(`insert into workflow_version (workflow, hash, reading_version)
        select workflow, hash, r::text from policy_version, generate_series(1, 450) r`)
      await client.query(`insert into workflow_connection (connection_id, workflow, waits_for)
        select 'c' || c, 'w' || w, '{other}' from generate_series(1, 30) c, generate_series(1, 20) w`)
    })
    const out = join(directory, 'versions')
    assert.equal((await exportTo(out, database.url)).code, 0)
    const versions = await linesOf(out, 'workflow-versions.jsonl')
    const connections = await linesOf(out, 'workflow-connections.jsonl')
    const places = connections.map((row) => `${row.connection_id}/${row.workflow}`)
    assert.equal(new Set(versions.map((row) => row.reading_version)).size, 450)
    assert.deepEqual([places.length, new Set(places).size], [600, 600])
    assert.deepEqual(connections[0]?.waits_for, ['other'])
    assert.match(await readFile(join(out, 'README.txt'), 'utf8'), /workflow-connections\.jsonl \(600 rows\)/)
  })

  it('leaves out a column that it does not know, such as a secret of a newer version', async () => {
    await withClient(database.url, async (client) => {
      await client.query(`alter table connection add column api_key text default '${SECRET}'`)
    })
    const out = join(directory, 'newer')
    assert.equal((await exportTo(out, database.url)).code, 0)
    await assertHoldsNoSecret(out)
  })

  it('shows a rewritten ledger against checkpoints that were kept outside the database', async () => {
    const kept = join(directory, 'kept.log')
    await writeFile(kept, `${JSON.stringify({ seq: 1_000, hash: '0'.repeat(64) })}\n`)
    const out = join(directory, 'rewritten')
    const exported = await exportTo(out, database.url, '--checkpoints', kept)
    assert.equal(exported.code, 0, exported.stderr)
    const checkpoints = await readCheckpoints(join(out, 'checkpoints.jsonl'))
    const { firstBad } = await verifyExport(join(out, 'ledger.jsonl'), { checkpoints })
    assert.equal(firstBad?.seq, 1_000)
  })

  it('never overwrites: a directory that is not empty is refused and stays as it was', async () => {
    const out = join(directory, 'mine')
    await mkdir(out)
    await writeFile(join(out, 'notes.txt'), 'mine')
    const ended = await exportTo(out, database.url)
    assert.equal(ended.code, 2)
    assert.match(ended.stderr, /^Nothing was exported: .*mine is not empty.*--out\n$/)
    assert.deepEqual(await readdir(out), ['notes.txt'])
  })

  it('says in one sentence that a database is not one of Lanekeeper, and makes no directory', async () => {
    const other = await testDatabase()
    try {
      await withClient(other.url, async (client) => {
        await client.query('drop schema public cascade')
        await client.query('create schema public')
        await client.query('create table connection (id int)')
      })
      const ended = await exportTo(join(directory, 'other'), other.url)
      assert.equal(ended.code, 2)
      assert.match(ended.stderr, /^Nothing was exported: This is not a database of Lanekeeper: .*\n$/)
      assert.ok(!(await readdir(directory)).includes('other'))
    } finally {
      await other.drop()
    }
  })

  it('saves what there is of a half restored database, and says with exit code 1 that the ledger is missing', async () => {
    const half = await formerDatabase('aa4ec0e', 1)
    try {
      await withClient(half.url, (client) => client.query('drop table ledger, workflow cascade'))
      const out = join(directory, 'half')
      const ended = await exportTo(out, half.url)
      assert.equal(ended.code, 1, ended.stderr)
      assert.match(ended.stdout, /This database has no ledger\./)
      assert.equal((await linesOf(out, 'connections.jsonl')).length, 2)
    } finally {
      await half.drop()
    }
  })

  const unreachable = [
    {
      name: 'a server that does not answer',
      url: `postgres://me:${SECRET}@127.0.0.1:1/none`,
      says: /cannot be reached/,
      code: 2,
    },
    { name: 'an address that is none', url: `localhost/${SECRET}`, says: /begins with postgres:/, code: 64 },
  ]
  for (const { name, url, says, code } of unreachable) {
    it(`says in one sentence without the password that it cannot reach ${name}`, async () => {
      const ended = await exportTo(join(directory, 'none'), url)
      assert.equal(ended.code, code)
      // A usage error shows after its sentence what the command takes.
      const [sentence = '', next = ''] = ended.stderr.trim().split('\n')
      assert.match(sentence, says)
      assert.equal(next, '')
      assert.ok(!ended.stderr.includes(SECRET))
    })
  }

  it('says that a database does not exist, or that nothing was ever stored in DATA_DIR', async () => {
    const gone = new URL(database.url)
    gone.pathname = '/gone'
    const noDatabase = await exportTo(join(directory, 'none'), gone.href)
    assert.deepEqual([noDatabase.code, /has no such database/.test(noDatabase.stderr)], [2, true])
    const noData = await run(EXPORT, ['--out', join(directory, 'none')], { DATA_DIR: join(directory, 'empty') })
    assert.deepEqual([noData.code, /No database in DATA_DIR=/.test(noData.stderr)], [2, true])
    assert.ok(!(await readdir(directory)).includes('empty'))
  })
})
