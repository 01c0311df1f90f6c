import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Redis } from 'ioredis'
import { sql } from 'kysely'
import { freePort } from '../../src/cli/stack/free-port.ts'
import {
  assertCasesHaveTasks,
  assertEventsAddUp,
  assertEveryDefectFound,
  assertLedgerVerifies,
  assertNoDuplicateTasks,
  assertWritesHaveIntents,
} from './final-state.ts'
import { applied, one, playTuesday, polled, quiet, startTestStack, type TestStack, until } from './stack.ts'

const missing = spawnSync('redis-server', ['--version']).error ? 'redis-server is not installed' : false

/** Queues on Redis only wake stages up, so emptying it loses nothing but time (fault matrix 7). */
describe('a Tuesday with the queue on Redis, which is emptied in the middle', {
  skip: missing,
  timeout: 180_000,
}, () => {
  let test: TestStack
  let redis: RedisServer | null = null
  const flushedKeys: number[] = []

  before(async () => {
    redis = await startRedis()
    const { client } = redis
    test = await startTestStack({ environment: { REDIS_URL: redis.url } })
    await quiet(test)
    await applied(test)
    await playTuesday(test.sandbox, (step) => {
      if (!/entered a second time|fields get lost|the day is over/.test(step)) return
      client
        .dbsize()
        .then(async (keys) => {
          flushedKeys.push(keys)
          await client.flushall()
        })
        .catch(() => undefined)
    })
    await polled(test)
    await quiet(test)
  })
  after(async () => {
    await test?.stop()
    await redis?.stop()
  })

  it('really keeps its wakes there, and they were taken away three times', () => {
    assert.equal(flushedKeys.length, 3)
    assert.ok(
      flushedKeys.every((keys) => keys > 0),
      `keys in Redis when it was emptied: ${flushedKeys}`,
    )
  })

  it('finds every defect and nothing else', () => assertEveryDefectFound(test))
  it('part of promise 4: no case has two tasks', () => assertNoDuplicateTasks(test))
  it('every open case has its task under its named owner, and every open task a case', () => assertCasesHaveTasks(test))
  it('part of promise 7: every write goes back to one intent', () => assertWritesHaveIntents(test))
  it('part of promise 1: no event is lost', () => assertEventsAddUp(test))
  it('part of promise 18: the ledger verifies', () => assertLedgerVerifies(test))

  it('part of promise 8: emptied again, a change is decided within 15 s', async () => {
    const { results } = await test.hubspot.post<{ results: { ok: boolean; id: string }[] }>('changes', {
      changes: [lonelyCompany('Flushed Ltd')],
    })
    await redis!.client.flushall()
    await until('the company is decided', async () => (await orphansOf(test, results[0]!.id)) === 1, 15_000)
  })

  it('fault matrix 9: with Redis gone an event is stored all the same, the queue is called degraded, and it is decided once Redis is back', async () => {
    await redis!.kill()
    const { results } = await test.hubspot.post<{ results: { ok: boolean; id: string }[] }>('changes', {
      changes: [lonelyCompany('Redisless Ltd')],
    })
    const id = results[0]!.id
    await until('the event is received', async () => (await eventsOf(test, id)) > 0)
    await until('readiness shows the queue as degraded', async () => {
      const response = await fetch(`${test.url}/readyz`)
      const body = (await response.json()) as { status: string; checks: { name: string; status: string }[] }
      return body.status === 'ready' && body.checks.find(({ name }) => name === 'queue')?.status === 'degraded'
    })
    await redis!.start()
    await until('the company is decided', async () => (await orphansOf(test, id)) === 1, 20_000)
  })
})

function lonelyCompany(name: string) {
  return { op: 'create', objectType: 'companies', properties: { name, country: 'Germany', industry: 'RETAIL' } }
}

async function eventsOf({ db }: TestStack, id: string): Promise<number> {
  const found = await one<{ n: number }>(db, sql`select count(*)::int as n from change_event where record_id = ${id}`)
  return found.n
}

async function orphansOf({ db }: TestStack, id: string): Promise<number> {
  const found = await one<{ n: number }>(
    db,
    sql`select count(*)::int as n from exception where record_id = ${id} and pattern = 'orphaned-owner'`,
  )
  return found.n
}

type RedisServer = {
  readonly url: string
  readonly client: Redis
  start(): Promise<void>
  kill(): Promise<void>
  stop(): Promise<void>
}

async function startRedis(): Promise<RedisServer> {
  const port = await freePort('127.0.0.1')
  const directory = await mkdtemp(join(tmpdir(), 'lanekeeper-redis-'))
  const url = `redis://127.0.0.1:${port}`
  const client = new Redis(url, { retryStrategy: () => 100 })
  client.on('error', () => undefined)
  let server: ChildProcess | null = null

  async function start(): Promise<void> {
    const asked = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', '']
    server = spawn('redis-server', [...asked, '--maxmemory-policy', 'noeviction'], { stdio: 'ignore' })
    await until('Redis answers', async () => (await client.ping()) === 'PONG', 10_000)
  }
  async function kill(): Promise<void> {
    if (server === null || server.exitCode !== null || server.signalCode !== null) return
    const gone = once(server, 'exit')
    server.kill('SIGKILL')
    await gone
  }
  async function stop(): Promise<void> {
    client.disconnect()
    await kill()
    await rm(directory, { recursive: true, force: true })
  }
  try {
    await start()
  } catch (error) {
    await stop()
    throw error
  }
  return { url, client, start, kill, stop }
}
