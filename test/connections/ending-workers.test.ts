import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import { pino } from 'pino'
import { disconnect } from '../../src/connections/lifecycle/disconnect.ts'
import { openConnection } from '../../src/connections/open-connection.ts'
import { CrmReconnectError } from '../../src/crm/crm-client.ts'
import { findConnection } from '../../src/store/connections/connections.ts'
import { ConnectionEndedError } from '../../src/store/connections/lifecycle-lock.ts'
import { type Database, openDatabase } from '../../src/store/database/database.ts'
import { finishDisconnects } from '../../workers/background/finish-disconnects.ts'
import { followConnections } from '../../workers/background/follow-connections.ts'
import type { ConnectedClient, WorkerContext } from '../../workers/runtime/context.ts'
import { runStage } from '../../workers/runtime/run-stage.ts'
import { type ConnectStage, connectStage } from './connect-stage.ts'

describe('workers around the end of a connection', () => {
  let stage: ConnectStage
  let other: Database
  before(async () => {
    stage = await connectStage()
    await stage.control('hubspot', 'POST', 'settings', { rateLimit: 100_000 })
    other = openDatabase(stage.database.url, { max: 2, applicationName: 'other' })
  })
  after(async () => {
    await other.destroy()
    await stage.close()
  })

  type Stage = { context: WorkerContext; clients: Map<string, ConnectedClient>; woken: string[]; stop: AbortController }
  function workers(over: Partial<WorkerContext> = {}): Stage {
    const clients = new Map<string, ConnectedClient>()
    const woken: string[] = []
    const stop = new AbortController()
    const context: WorkerContext = {
      db: stage.deps.db,
      databaseUrl: stage.database.url,
      queues: { wake: (name: string, id: string) => woken.push(`${name}/${id}`) } as unknown as WorkerContext['queues'],
      logger: pino({ level: 'silent' }),
      instance: 'test',
      publicUrl: 'http://localhost:4000',
      pollEveryS: 300,
      nowMs: Date.now,
      workflows: async () => [],
      clientOf: (id) => clients.get(id),
      connectionIds: () => [...clients.keys()],
      refreshReadiness: async () => undefined,
      fieldsOf: () => ({ fields: [], historyFields: [], ours: [] }),
      signal: stop.signal,
      ...over,
    }
    return { context, clients, woken, stop }
  }
  async function until(what: string, isSo: () => boolean | Promise<boolean>, withinMs = 15_000): Promise<void> {
    const givesUpAt = performance.now() + withinMs
    while (!(await isSo())) {
      assert.ok(performance.now() < givesUpAt, `${what}: not within ${withinMs} ms`)
      await wait(25)
    }
  }
  const row = async (id: string) => (await findConnection(stage.deps.db, id))!
  const followUp = async (id: string) =>
    (
      await sql<{ followUp: string | null }>`select follow_up as "followUp" from connection where id = ${id}`.execute(
        stage.deps.db,
      )
    ).rows[0]!.followUp

  it('start every stream, although which workflows are ready cannot be found out', async () => {
    await stage.connect('hubspot', stage.hubSpotGrant())
    const id = await stage.connect('salesforce', stage.salesforceGrant())
    let asked = 0
    const { context, clients, woken, stop } = workers({
      async refreshReadiness() {
        asked += 1
        if (asked < 3) throw new Error('the database went away for a moment')
      },
    })
    const following = followConnections(context, stage.deps, clients, { withStreams: true }).catch(() => undefined)
    try {
      await until('a stream', async () => {
        const { rows } = await sql<{ state: string | null }>`
          select stream_state as state from connection where id = ${id}`.execute(stage.deps.db)
        return rows[0]!.state !== null
      })
      assert.equal(clients.size, 2)
      assert.ok(woken.includes(`poll/${id}`))
      await until('an answer', () => asked >= 3 && woken.includes(`decide/${id}`))
    } finally {
      stop.abort()
      await following
      await wait(300)
    }
  })

  it('stop a stage whose connection was ended, and take that for no failure', async () => {
    const id = await stage.connect('hubspot', stage.hubSpotGrant())
    const { context, clients, stop } = workers()
    const following = followConnections(context, stage.deps, clients, { withStreams: false }).catch(() => undefined)
    await until('a client', () => clients.has(id))
    const running = Promise.withResolvers<AbortSignal>()
    const over = Promise.withResolvers<void>()
    const working = runStage(context, 'poll', id, context.signal, async (_, signal) => {
      signal.addEventListener('abort', () => over.resolve())
      running.resolve(signal)
      await over.promise
      throw new ConnectionEndedError(id)
    })
    assert.equal((await running.promise).aborted, false)
    await disconnect(stage.deps, id, { history: 'keep', by: 'console' })
    await working
    const { rows } = await sql`select 1 from counter where connection_id = ${id} and name = 'stage-failed'`.execute(
      stage.deps.db,
    )
    assert.equal(rows.length, 0)
    stop.abort()
    await following
  })

  it('do not say of a connection that was mended what a client from before found out', async () => {
    const id = await stage.connect('hubspot', stage.hubSpotGrant())
    const { context, clients } = workers()
    clients.set(id, openConnection(stage.deps, await row(id)))
    const gone = async () => {
      throw new CrmReconnectError('revoked', 'Connect the CRM again.')
    }
    await stage.connect('hubspot', stage.hubSpotGrant())
    await runStage(context, 'refresh', id, context.signal, gone)
    assert.equal((await row(id)).status, 'connected')
    clients.set(id, openConnection(stage.deps, await row(id)))
    await runStage(context, 'refresh', id, context.signal, gone)
    assert.equal((await row(id)).status, 'reconnect-needed')
  })

  it('have nobody wait for an erasure that takes long', async () => {
    const slow = await stage.connect('salesforce', stage.salesforceGrant())
    const quick = await stage.connect('hubspot', stage.hubSpotGrant())
    await disconnect(stage.deps, slow, { history: 'keep', by: 'console' })
    await disconnect(stage.deps, quick, { history: 'keep', by: 'console' })
    await stage.connect('hubspot', stage.hubSpotGrant())
    await sql`insert into record (connection_id, object_type, record_id, values, stamps, keys)
      values (${slow}, 'Lead', '1', '{}', '{}', '{}')`.execute(stage.deps.db)
    await sql`update connection set erase_since = now() where id = ${slow}`.execute(stage.deps.db)
    assert.equal(await followUp(quick), 'rejoin')
    const done = Promise.withResolvers<void>()
    const held = Promise.withResolvers<void>()
    const holding = other.transaction().execute(async (trx) => {
      await sql`select 1 from record where connection_id = ${slow} for update`.execute(trx)
      held.resolve()
      await done.promise
    })
    await held.promise
    const { context, stop } = workers()
    const settling = finishDisconnects(context, stage.deps).catch(() => undefined)
    const erased = async () =>
      (await sql<{ at: Date | null }>`select erased_at as at from connection where id = ${slow}`.execute(stage.deps.db))
        .rows[0]!.at
    await until('the quick one', async () => (await followUp(quick)) === null)
    assert.equal(await erased(), null)
    done.resolve()
    await holding
    await until('the slow one', async () => (await erased()) !== null)
    stop.abort()
    await settling
  })
})
