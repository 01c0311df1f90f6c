import { spawn } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../src/store/postgres/embedded-postgres.ts'
import { isLivePostmaster } from '../../src/store/postgres/postmaster.ts'
import { serverEnvironment } from '../../src/store/postgres/server-environment.ts'
import { isRoot, ownerOf } from '../../src/store/postgres/unprivileged-user.ts'
import { until } from './points.ts'

export type OwnServer = {
  readonly url: string
  /** One backend is killed: Postgres ends all the others too, recovers from its log, and the server itself never ends. */
  crash(): Promise<void>
  /**
   * The server ends at once, as by `pg_ctl stop -m immediate`, nobody can connect while `whileDown` runs, and it starts again
   * at the same address.
   */
  restart(whileDown: () => Promise<void>): Promise<void>
  stop(): Promise<void>
}

const WITHIN_MS = 60_000

/**
 * A Postgres of its own, because the one of the tests is shared. `durable`: a commit that it has answered survives its end, so
 * it waits for its log.
 */
export async function startOwnServer({ durable }: { readonly durable: boolean }): Promise<OwnServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'lanekeeper-prove-'))
  await chmod(dataDir, 0o711)
  const settings = [
    'fsync=off',
    `synchronous_commit=${durable ? 'on' : 'off'}`,
    'full_page_writes=off',
    'shared_buffers=64MB',
    'max_connections=400',
  ]
  const server = await startEmbeddedPostgres({ dataDir, settings })
  const place = { url: server.url, data: join(server.directory, 'data') }
  let { pid } = server
  // Told to stop in the middle of a proof, this process leaves no server behind.
  const endWithUs = () => {
    try {
      process.kill(pid, 'SIGQUIT')
    } catch {}
  }
  process.once('exit', endWithUs)
  return {
    url: server.url,
    crash: () => crash(server.url),
    async restart(whileDown) {
      process.kill(pid, 'SIGQUIT')
      await ends(pid, place.data)
      if (await takesConnections(server.url)) throw new Error('Postgres was to be down and takes connections')
      await whileDown()
      pid = await startAgain(place)
    },
    async stop() {
      process.off('exit', endWithUs)
      if (await isLivePostmaster(pid, place.data)) process.kill(pid, 'SIGQUIT')
      await ends(pid, place.data)
      await rm(server.directory, { recursive: true, force: true })
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

type ServerPlace = { readonly url: string; readonly data: string }

async function crash(url: string): Promise<void> {
  const client = await connected(url)
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  // Not `once`, which takes the error that comes with the end for a failure.
  const ended = new Promise<void>((resolve) => client.once('end', () => resolve()))
  // What the kernel does to a server without memory: after the loss of one process Postgres ends all the others.
  process.kill(rows[0]!.pid, 'SIGKILL')
  await ended
  await until('Postgres is back after a crash', () => takesConnections(url), WITHIN_MS)
}

async function ends(pid: number, data: string): Promise<void> {
  await until('Postgres has ended', async () => !(await isLivePostmaster(pid, data)), WITHIN_MS)
}

/** With the command line that the server itself noted, as `pg_ctl restart` does. Returns its process id. */
async function startAgain({ url, data }: ServerPlace): Promise<number> {
  const line = await readFile(join(data, 'postmaster.opts'), 'utf8')
  const program = line.slice(0, line.indexOf(' "'))
  const args = [...line.matchAll(/"([^"]*)"/g)].map((match) => match[1]!)
  const user = isRoot() ? await ownerOf(data) : null
  const child = spawn(program, args, {
    ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
    env: serverEnvironment(),
    cwd: '/',
    detached: true,
    stdio: 'ignore',
  })
  child.unref()
  await until(
    'Postgres has started again',
    async () => {
      if (child.exitCode !== null)
        throw new Error(`Postgres ended with code ${child.exitCode} when it was to start again`)
      return await takesConnections(url)
    },
    WITHIN_MS,
  )
  return child.pid!
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'lanekeeper-restart' })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

async function takesConnections(url: string): Promise<boolean> {
  try {
    const client = await connected(url)
    await client.query('select 1')
    await client.end()
    return true
  } catch {
    return false
  }
}
