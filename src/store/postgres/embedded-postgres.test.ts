import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { type RunningPostgres, startEmbeddedPostgres } from './embedded-postgres.ts'
import { isProcessAlive } from './running-process.ts'
import { isRoot } from './unprivileged-user.ts'

async function ask(url: string, query: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<Record<string, unknown>>(query)
    return String(Object.values(rows[0] ?? {})[0])
  } finally {
    await client.end()
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; !condition(); ) {
    if (Date.now() > deadline) assert.fail(`not within 10 s: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('the embedded Postgres', () => {
  let parent: string
  let dataDir: string
  let running: RunningPostgres | null = null
  const start = async () => {
    running = await startEmbeddedPostgres({ dataDir })
    return running
  }
  const stop = async () => {
    await running?.stop()
    running = null
  }
  before(async () => {
    parent = await mkdtemp(join(tmpdir(), 'lanekeeper postgres '))
    await chmod(parent, 0o711)
    dataDir = join(parent, 'with a space')
  })
  after(async () => {
    const directory = running?.directory
    await stop()
    if (directory) await rm(directory, { recursive: true, force: true })
    await rm(parent, { recursive: true, force: true })
  })

  it('starts in a directory with spaces, on loopback only, with every commit on disk and a private password', async () => {
    const { url, attached, directory } = await start()
    assert.equal(attached, false)
    assert.equal(await ask(url, 'show listen_addresses'), '127.0.0.1')
    assert.equal(await ask(url, 'show fsync'), 'on')
    assert.equal(await ask(url, 'show synchronous_commit'), 'on')
    assert.equal((await stat(join(directory, 'password'))).mode & 0o777, 0o600)
    const wrong = new URL(url)
    wrong.password = 'guess'
    await assert.rejects(ask(wrong.toString(), 'select 1'), { code: '28P01' })
    await ask(url, 'create table kept (n int)')
  })

  it('is taken over by a second start instead of being started twice', async () => {
    const first = running
    const again = await startEmbeddedPostgres({ dataDir })
    assert.deepEqual([again.attached, again.pid], [true, first?.pid])
  })

  it('keeps its data over a stop, and is gone after it', async () => {
    const pid = running?.pid ?? 0
    await stop()
    assert.equal(isProcessAlive(pid), false)
    const { url } = await start()
    assert.equal(await ask(url, 'select count(*) from kept'), '0')
  })

  it('recovers everything committed after its postmaster was killed', async () => {
    const { url, pid } = running ?? assert.fail('not running')
    await ask(url, 'insert into kept select generate_series(1, 100)')
    process.kill(pid, 'SIGKILL')
    await until(() => !isProcessAlive(pid))
    const again = await start()
    assert.equal(again.attached, false)
    assert.equal(await ask(again.url, 'select count(*) from kept'), '100')
  })

  it('outlives a parent that is killed, and the next start takes it over', async () => {
    await stop()
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { startEmbeddedPostgres } from ${JSON.stringify(new URL('./embedded-postgres.ts', import.meta.url).href)}
         await startEmbeddedPostgres({ dataDir: process.argv[1] })
         process.kill(process.pid, 'SIGKILL')`,
        dataDir,
      ],
      { stdio: 'ignore' },
    )
    const [, signal] = await once(child, 'exit')
    assert.equal(signal, 'SIGKILL')
    const { attached, url } = await start()
    assert.equal(attached, true)
    assert.equal(await ask(url, 'select count(*) from kept'), '100')
  })

  it('is not fooled by a lock file that names a process which is no Postgres', async () => {
    const { directory } = running ?? assert.fail('not running')
    await stop()
    await writeFile(join(directory, 'data', 'postmaster.pid'), `${process.pid}\n${directory}/data\n0\n1\n\n127.0.0.1\n`)
    const { attached, url } = await start()
    assert.equal(attached, false)
    assert.equal(await ask(url, 'select count(*) from kept'), '100')
  })

  it('refuses a database of another major version and says what to do', async () => {
    const { directory } = running ?? assert.fail('not running')
    await stop()
    const file = join(directory, 'data', 'PG_VERSION')
    const own = await readFile(file, 'utf8')
    await writeFile(file, '15\n')
    await assert.rejects(
      startEmbeddedPostgres({ dataDir }),
      /made by Postgres 15.*brings Postgres 18.*set DATABASE_URL/s,
    )
    await writeFile(file, own)
    await start()
  })

  it('goes where its account can reach it when the data is under a private home', {
    skip: isRoot() ? false : 'only root runs it under another account',
  }, async () => {
    const home = await mkdtemp(join(tmpdir(), 'lanekeeper-home-'))
    let inside: RunningPostgres | null = null
    try {
      assert.equal((await stat(home)).mode & 0o777, 0o700)
      inside = await startEmbeddedPostgres({ dataDir: join(home, 'data') })
      assert.match(inside.directory, /^\/var\/lib\/lanekeeper\/postgres-/)
      assert.equal(await readFile(join(home, 'data', 'postgres-is-at.txt'), 'utf8'), `${inside.directory}\n`)
      assert.equal((await stat(home)).mode & 0o777, 0o700, 'the home stays private')
    } finally {
      await inside?.stop()
      if (inside) await rm(inside.directory, { recursive: true, force: true })
      await rm(home, { recursive: true, force: true })
    }
  })
})
