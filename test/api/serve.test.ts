import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { connect, createServer, type Server } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type TestDatabase, testDatabase } from '../support/database.ts'

const SERVE = fileURLToPath(new URL('../../src/api/serve.ts', import.meta.url))
const NO_DATABASE = 'postgres://nobody:hunter2@127.0.0.1:1/none'

type Service = { readonly child: ChildProcess; readonly output: () => string; readonly exit: Promise<number | null> }

/** The service as a program of its own, with nothing of our environment but the path. */
function start(environment: Record<string, string>, launch: readonly string[] = [process.execPath, SERVE]): Service {
  const [command, ...args] = launch
  const child = spawn(command!, args, {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  const exit = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  running.push(child)
  return { child, output: () => output, exit }
}

const running: ChildProcess[] = []
const toClose: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
  for (const close of toClose.splice(0)) await close()
})

async function until<T>(what: string, look: () => Promise<T | null>, withinMs = 20_000): Promise<T> {
  const deadline = Date.now() + withinMs
  while (Date.now() < deadline) {
    const found = await look().catch(() => null)
    if (found !== null) return found
    await wait(50)
  }
  throw new Error(`Not within ${withinMs} ms: ${what}`)
}

function statusOf(port: number, path: string): Promise<number | null> {
  return fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(5_000) }).then(
    (reply) => reply.status,
    () => null,
  )
}

function listen(server: Server, port = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      if (address && typeof address === 'object') resolve(address.port)
    })
  })
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe('the service as a program', () => {
  it('says in one sentence that its port is taken, and what to do', async () => {
    const other = createServer()
    const port = await listen(other)
    toClose.push(() => new Promise((resolve) => other.close(resolve)))
    const service = start({ PORT: String(port), DATABASE_URL: NO_DATABASE, LOG_LEVEL: 'error' })
    assert.equal(await service.exit, 2)
    assert.equal(
      service.output().trim(),
      `Port ${port} on 127.0.0.1 is taken: stop the program that uses it, or set PORT to another number.`,
    )
  })

  it('refuses to start without a database to go to, in one sentence', async () => {
    const service = start({ PORT: '0' })
    assert.equal(await service.exit, 2)
    assert.match(service.output(), /^DATABASE_URL is not set\..*\n$/)
  })

  it('waits for a database that is down, answers /livez meanwhile, and recovers without a restart', async () => {
    const test: TestDatabase = await testDatabase()
    toClose.push(() => test.drop())
    // The database's address leads nowhere at first; later a relay to the real one listens there.
    const databasePort = await freePort()
    const target = new URL(test.url)
    const relayed = new URL(test.url)
    relayed.host = `127.0.0.1:${databasePort}`
    const port = await freePort()
    const service = start({ PORT: String(port), DATABASE_URL: relayed.href, LOG_LEVEL: 'warn' })

    await until('livez answers', async () => ((await statusOf(port, '/livez')) === 200 ? true : null))
    assert.equal(await statusOf(port, '/readyz'), 503)
    assert.equal(await statusOf(port, '/startupz'), 503)
    await until('it says that it waits', async () =>
      service.output().includes('waiting for the database') ? true : null,
    )
    const password = decodeURIComponent(target.password)
    assert.ok(password === '' || !service.output().includes(password))

    const relay = createServer((socket) => {
      const onward = connect(Number(target.port), target.hostname)
      socket.pipe(onward).pipe(socket)
      for (const end of [socket, onward]) end.on('error', () => end.destroy())
      socket.on('close', () => onward.destroy())
      onward.on('close', () => socket.destroy())
      sockets.add(socket)
    })
    const sockets = new Set<import('node:net').Socket>()
    toClose.push(async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => relay.close(resolve))
    })
    await listen(relay, databasePort)
    await until('it has started', async () => ((await statusOf(port, '/startupz')) === 200 ? true : null))
    assert.equal(await statusOf(port, '/api/console/overview'), 401)

    // And away again, later: requests are told to come back, the process stays.
    await new Promise((resolve) => {
      relay.close(resolve)
      for (const socket of sockets) socket.destroy()
    })
    assert.equal(await statusOf(port, '/livez'), 200, service.output())
    assert.equal(await statusOf(port, '/readyz'), 503)
    await listen(relay, databasePort)
    const ready = async () => {
      const reply = await fetch(`http://127.0.0.1:${port}/readyz`)
      const { checks } = (await reply.json()) as { checks: { name: string; status: string }[] }
      return checks.find((check) => check.name === 'database')?.status === 'ok' ? true : null
    }
    await until('the database is back', ready)
    service.child.kill('SIGTERM')
    assert.equal(await service.exit, 0)
  })

  it('stops within ten seconds of SIGTERM although its database hangs', async () => {
    // Takes connections and never says a word.
    const silent = createServer((socket) => void socket.on('error', () => undefined).resume())
    const databasePort = await listen(silent)
    toClose.push(() => new Promise((resolve) => silent.close(resolve)))
    const port = await freePort()
    const service = start({
      PORT: String(port),
      DATABASE_URL: `postgres://nobody:x@127.0.0.1:${databasePort}/none`,
      LOG_LEVEL: 'error',
    })
    await until('livez answers', async () => ((await statusOf(port, '/livez')) === 200 ? true : null))
    const from = performance.now()
    service.child.kill('SIGTERM')
    await service.exit
    assert.ok(performance.now() - from < 11_000, `${performance.now() - from} ms`)
    silent.close()
  })

  it('ends when its parent is gone, and not because it never had one', async () => {
    const port = await freePort()
    const service = start({ PORT: String(port), DATABASE_URL: NO_DATABASE, LOG_LEVEL: 'error' })
    await until('livez answers', async () => ((await statusOf(port, '/livez')) === 200 ? true : null))
    // What happens to the pipe when its other end dies.
    service.child.stdin?.end()
    await service.exit
    assert.equal(await statusOf(port, '/livez'), null)

    const alone = start({ PORT: String(port), DATABASE_URL: NO_DATABASE, LOG_LEVEL: 'error' }, [
      '/bin/sh',
      '-c',
      `exec "${process.execPath}" "${SERVE}" < /dev/null`,
    ])
    await until('livez answers', async () => ((await statusOf(port, '/livez')) === 200 ? true : null))
    await wait(500)
    assert.equal(await statusOf(port, '/livez'), 200)
    alone.child.kill('SIGTERM')
    await alone.exit
  })
})
