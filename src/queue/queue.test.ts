import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { testDatabase } from '../../test/support/database.ts'
import { createQueues, type Queues, type QueuesOptions } from './wake.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {} } as QueuesOptions['logger']

type Store = { readonly url: string; stop(): Promise<void> }

const STORES: readonly { name: string; key: 'databaseUrl' | 'redisUrl'; open(): Promise<Store>; missing?: string }[] = [
  {
    name: 'Postgres',
    key: 'databaseUrl',
    async open() {
      const { url, drop } = await testDatabase()
      return { url, stop: drop }
    },
  },
  {
    name: 'Redis',
    key: 'redisUrl',
    open: openRedis,
    ...(hasRedis() ? {} : { missing: 'redis-server is not installed' }),
  },
]

for (const { name, key, open, missing } of STORES) {
  describe(`the queue on ${name}`, { skip: missing ?? false }, () => {
    let store: Store
    const opened: Queues[] = []
    const queues = (url = store.url): Queues => {
      const made = createQueues({ [key]: url, logger: quiet })
      opened.push(made)
      return made
    }
    before(async () => {
      store = await open()
    })
    after(async () => {
      await Promise.all(opened.map((made) => made.close(1_000)))
      await store.stop()
    })

    it('runs a stage for the connection that was woken, and for no other', async () => {
      const made = queues()
      const runs: string[] = []
      made.consume('apply', async (connection) => void runs.push(connection), { concurrency: 4 })
      made.wake('apply', 'run-one')
      made.wake('decide', 'run-two')
      await until(() => runs.length > 0)
      assert.deepEqual(runs, ['run-one'])
      await made.close(2_000)
    })

    it('makes one run, two at the very edge, of fifty wakes that come before it starts', async () => {
      const made = queues()
      await made.ready()
      for (let n = 0; n < 50; n++) {
        made.wake('refresh', 'many')
        await delay(4)
      }
      const runs: string[] = []
      made.consume('refresh', async (connection) => void runs.push(connection), { concurrency: 4 })
      await until(() => runs.length > 0)
      // A marker behind them: when it has run, nothing of the many is left waiting.
      made.wake('refresh', 'marker')
      await until(() => runs.includes('marker'))
      // The last wakes may still be on their way when the first run begins.
      assert.ok(runs.filter((connection) => connection === 'many').length <= 2)
      await made.close(2_000)
    })

    it('runs again after a wake that comes while it runs, but never twice at once', async () => {
      const made = queues()
      let runs = 0
      let atOnce = 0
      let mostAtOnce = 0
      const gate = Promise.withResolvers<void>()
      made.consume(
        'decide',
        async (connection) => {
          if (connection !== 'again') return
          runs++
          mostAtOnce = Math.max(mostAtOnce, ++atOnce)
          if (runs === 1) await gate.promise
          atOnce--
        },
        { concurrency: 4 },
      )
      made.wake('decide', 'again')
      await until(() => runs === 1)
      made.wake('decide', 'again')
      await delay(200)
      assert.equal(runs, 1)
      gate.resolve()
      await until(() => runs === 2)
      assert.equal(mostAtOnce, 1)
      await made.close(2_000)
    })

    it('lets one slow connection not hold up another', async () => {
      const made = queues()
      const gate = Promise.withResolvers<void>()
      const done: string[] = []
      made.consume(
        'act',
        async (connection) => {
          if (connection === 'slow') await gate.promise
          done.push(connection)
        },
        { concurrency: 2 },
      )
      made.wake('act', 'slow')
      made.wake('act', 'fast')
      await until(() => done.includes('fast'))
      assert.deepEqual(done, ['fast'])
      gate.resolve()
      await until(() => done.includes('slow'))
      await made.close(2_000)
    })

    it('goes on after a run that throws', async () => {
      const made = queues()
      let runs = 0
      made.consume(
        'verify',
        async () => {
          if (++runs === 1) throw new Error('the database hiccupped')
        },
        { concurrency: 1 },
      )
      made.wake('verify', 'failing')
      await until(() => runs === 1)
      made.wake('verify', 'failing')
      await until(() => runs === 2)
      await made.close(2_000)
    })

    it('loses no wake among hundreds that come while runs are going on', async () => {
      const made = queues()
      let committed = 0
      let seen = 0
      made.consume(
        'apply',
        async () => {
          const now = committed
          await delay(3)
          seen = Math.max(seen, now)
        },
        { concurrency: 4 },
      )
      for (committed = 1; committed < 400; committed++) {
        made.wake('apply', 'busy')
        if (committed % 7 === 0) await delay(2)
      }
      made.wake('apply', 'busy')
      await until(() => seen === 400)
      await made.close(2_000)
    })

    it('is taken over at once from a worker that was killed in the middle of a run', async () => {
      const child = spawn(
        process.execPath,
        [
          '--input-type=module',
          '--eval',
          `import { createQueues } from ${JSON.stringify(new URL('./wake.ts', import.meta.url).href)}
           const quiet = { debug() {}, info() {}, warn() {}, error() {} }
           const queues = createQueues({ ${key}: process.argv[1], logger: quiet })
           queues.consume('poll', async () => { process.kill(process.pid, 'SIGKILL') }, { concurrency: 1 })
           queues.wake('poll', 'orphaned')`,
          store.url,
        ],
        { stdio: 'ignore', cwd: fileURLToPath(new URL('../..', import.meta.url)) },
      )
      const [, signal] = await once(child, 'exit')
      assert.equal(signal, 'SIGKILL')
      const made = queues()
      let runs = 0
      made.consume('poll', async () => void runs++, { concurrency: 1 })
      await made.ready()
      made.wake('poll', 'orphaned')
      await until(() => runs > 0, 6_000)
      await made.close(2_000)
    })

    it('closes in time although a handler ignores its signal, and tells those who listen', async () => {
      const made = queues()
      let aborted = false
      let started = false
      const gate = Promise.withResolvers<void>()
      made.consume(
        'act',
        async (_connection, signal) => {
          started = true
          signal.addEventListener('abort', () => {
            aborted = true
          })
          await gate.promise
        },
        { concurrency: 1 },
      )
      made.wake('act', 'stubborn')
      await until(() => started)
      const from = performance.now()
      await made.close(300)
      assert.ok(performance.now() - from < 3_000)
      assert.equal(aborted, true)
      gate.resolve()
      made.wake('act', 'too late')
    })

    it('works once its store is up, although it was down when everything was built', async () => {
      const door = await openDoor(store.url)
      try {
        door.shut()
        const made = queues(door.url)
        let runs = 0
        made.consume('apply', async () => void runs++, { concurrency: 1 })
        made.wake('apply', 'early')
        await delay(600)
        assert.notEqual(made.problem(), null)
        door.open()
        await until(() => runs > 0)
        assert.equal(made.problem(), null)
        await made.close(2_000)
      } finally {
        await door.close()
      }
    })

    it('works again after its store was away for a while', { timeout: 60_000 }, async () => {
      const door = await openDoor(store.url)
      try {
        const made = queues(door.url)
        let runs = 0
        made.consume('apply', async () => void runs++, { concurrency: 1 })
        made.wake('apply', 'before')
        await until(() => runs === 1)
        door.shut()
        for (let n = 0; n < 5; n++) {
          made.wake('apply', 'during')
          await delay(100)
        }
        door.open()
        const before = runs
        await until(() => {
          made.wake('apply', 'later')
          return runs > before
        }, 20_000)
        await made.close(2_000)
      } finally {
        await door.close()
      }
    })
  })
}

describe('the queue on Postgres, when all its connections are cut at once', () => {
  it('goes on by itself', { timeout: 60_000 }, async () => {
    const test = await testDatabase()
    const made = createQueues({ databaseUrl: test.url, logger: quiet })
    try {
      let runs = 0
      made.consume('apply', async () => void runs++, { concurrency: 1 })
      made.wake('apply', 'before')
      await until(() => runs === 1)
      const admin = new pg.Client({ connectionString: test.url })
      await admin.connect()
      await admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()`,
      )
      await admin.end()
      await until(() => {
        made.wake('apply', 'after')
        return runs > 1
      }, 20_000)
    } finally {
      await made.close(2_000)
      await test.drop()
    }
  })
})

async function until(condition: () => boolean, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!condition()) {
    if (performance.now() > deadline) {
      assert.fail(`not within ${withinMs} ms: ${condition}`)
    }
    await delay(10)
  }
}

/** A proxy in front of a store that can be shut: it refuses, and cuts whoever is inside. */
async function openDoor(target: string): Promise<{ url: string; shut(): void; open(): void; close(): Promise<void> }> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let isOpen = true
  const server: Server = createServer((client) => {
    sockets.add(client)
    client.on('error', () => undefined)
    if (!isOpen) {
      client.destroy()
      return
    }
    const upstream = connect(Number(port), hostname)
    sockets.add(upstream)
    upstream.on('error', () => client.destroy())
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
    client.pipe(upstream)
    upstream.pipe(client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String(typeof address === 'object' ? address?.port : '')
  const cut = () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  return {
    url: url.toString(),
    shut() {
      isOpen = false
      cut()
    },
    open() {
      isOpen = true
    },
    async close() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}

function hasRedis(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

async function openRedis(): Promise<Store> {
  const port = await freePort()
  const child: ChildProcess = spawn(
    'redis-server',
    [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--maxmemory-policy',
      'noeviction',
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  let output = ''
  child.stdout?.on('data', (chunk) => {
    output += chunk
  })
  await until(() => output.includes('Ready to accept connections') || child.exitCode !== null)
  assert.equal(child.exitCode, null, output)
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : assert.fail('no port')
}

describe('a queue whose store is away', () => {
  it('part of promise 9: is swept all the same: the stages run in this process, one run per connection at a time', async () => {
    const queues = createQueues({ redisUrl: 'redis://127.0.0.1:1', logger: quiet })
    const runs: string[] = []
    let atOnce = 0
    let most = 0
    queues.consume(
      'decide',
      async (connectionId) => {
        atOnce += 1
        most = Math.max(most, atOnce)
        await new Promise((resolve) => setImmediate(resolve))
        runs.push(connectionId)
        atOnce -= 1
      },
      { concurrency: 1 },
    )
    for (let n = 0; n < 5; n += 1) queues.sweep('decide', 'a')
    await until(() => runs.length === 2 && atOnce === 0)
    assert.deepEqual(runs, ['a', 'a'])
    assert.equal(most, 1)
    assert.notEqual(queues.problem(), null)
    await queues.close(500)
  })
})
