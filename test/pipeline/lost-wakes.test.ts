import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import { pino } from 'pino'
import type { StageHandler } from '../../src/queue/consumer.ts'
import type { Stage } from '../../src/queue/stages.ts'
import { type Database, openDatabase } from '../../src/store/database/database.ts'
import { stageLock } from '../../src/store/database/locks.ts'
import type { ConnectedClient, WorkerContext } from '../../workers/runtime/context.ts'
import { runApply } from '../../workers/stages/apply.ts'
import { runDecide } from '../../workers/stages/decide.ts'
import { runPoll } from '../../workers/stages/poll.ts'
import { runRefresh } from '../../workers/stages/refresh.ts'
import { contact, userId } from './contacts.ts'
import { contactPolicy, type Harness, pipelineHarness, staff } from './harness.ts'

/** Below the shortest time until the sweeper, which none of these tests runs. */
const SOON_MS = 3_000

describe('a stage that finds what it needs taken by another process', () => {
  let h: Harness
  let other: Database
  let handlers: Map<Stage, StageHandler>
  let polls: number
  beforeEach(async () => {
    h = await pipelineHarness((crm) => {
      staff(crm)
      return [contactPolicy()]
    })
    other = openDatabase(h.url, { max: 1, applicationName: 'other' })
    handlers = new Map()
    polls = 0
    const { fieldsOf, client } = h.actDependencies()
    const counting = {
      ...client,
      users() {
        polls += 1
        return client.users()
      },
    }
    const connected = { connection: h.connection, client: counting, setup: {} } as unknown as ConnectedClient
    const context = {
      db: h.db,
      queues: {
        consume: (stage: Stage, handler: StageHandler) => handlers.set(stage, handler),
        wake: (stage: Stage, id: string) => void run(stage, id),
      },
      logger: pino({ level: 'silent' }),
      instance: 'this one',
      nowMs: Date.now,
      workflows: h.workflows,
      clientOf: () => connected,
      connectionIds: () => [h.connection.id],
      refreshReadiness: async () => undefined,
      fieldsOf,
      signal: new AbortController().signal,
    } as unknown as WorkerContext
    for (const start of [runApply, runRefresh, runDecide, runPoll]) start(context)
  })
  afterEach(async () => {
    await idle()
    await other.destroy()
    await h.stop()
  })

  const running = new Set<Promise<void>>()
  function run(stage: Stage, id: string = h.connection.id): Promise<void> {
    const ran = handlers.get(stage)?.(id, new AbortController().signal) ?? Promise.resolve()
    running.add(ran)
    return ran.finally(() => running.delete(ran))
  }
  async function idle(): Promise<void> {
    handlers = new Map()
    while (running.size > 0) await Promise.allSettled(running)
  }
  async function soon(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const until = performance.now() + SOON_MS
    while (!(await isSo())) {
      assert.ok(performance.now() < until, `${what}: not within ${SOON_MS} ms, without the sweeper`)
      await wait(20)
    }
  }
  const isNone = async (where: string) =>
    (await sql<{ n: number }>`select count(*)::int as n from ${sql.raw(where)}`.execute(h.db)).rows[0]!.n === 0
  const held = async (lock: (trx: Database) => Promise<unknown>, meanwhile: () => Promise<void>) => {
    await other.transaction().execute(async (trx) => {
      await lock(trx)
      await meanwhile()
    })
  }
  const change = () =>
    h.receive(contact(h, '1', { firstname: 'Ann', country: 'DE', hubspot_owner_id: userId(h, 'rep@x.example') }))

  it('folds events that came while another folded, as soon as that is over', async () => {
    await held(
      (trx) => stageLock(trx, `apply/${h.connection.id}`),
      async () => {
        await change()
        await run('apply')
      },
    )
    await soon('folded', () => isNone(`change_event where state = 'received'`))
  })

  it('decides records that were locked when it looked', async () => {
    await change()
    await h.apply()
    await h.refresh()
    await h.decide()
    await sql`update record set dirty_since = now()`.execute(h.db)
    assert.equal(await isNone('record where dirty_since is not null'), false)
    await held(
      (trx) => sql`select 1 from record for update`.execute(trx),
      () => run('decide'),
    )
    await soon('decided', () => isNone('record where dirty_since is not null'))
  })

  it('reads records that were locked when it looked', async () => {
    await change()
    await h.apply()
    await sql`update record set needs_read = 'gap', read_after = null`.execute(h.db)
    await held(
      (trx) => sql`select 1 from record for update`.execute(trx),
      () => run('refresh'),
    )
    await soon('read', () => isNone('record where needs_read is not null and read_attempts = 0'))
  })

  it('polls once more after a poll that was under way when it was woken', async () => {
    await sql`insert into process_beat (role, instance) values ('worker', 'other one')`.execute(h.db)
    await sql`update connection set reading_by = 'other one', reading_until = now() + interval '90 seconds'`.execute(
      h.db,
    )
    await run('poll')
    assert.equal(polls, 0)
    await sql`update connection set reading_by = null, reading_until = null, polled_at = now()`.execute(h.db)
    await soon('polled', async () => polls > 0)
  })
})
