import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import { pino } from 'pino'
import { changeClientSecret } from '../../src/connections/access/recheck-access.ts'
import { connectFromEnvironment } from '../../src/connections/draft/from-environment.ts'
import { disconnect } from '../../src/connections/lifecycle/disconnect.ts'
import { findConnection } from '../../src/store/connections/connections.ts'
import { findOverdue } from '../../src/store/decisions/overdue-stages.ts'
import { followConnections } from '../../workers/background/follow-connections.ts'
import type { ConnectedClient, WorkerContext } from '../../workers/runtime/context.ts'
import { type ConnectStage, connectStage, newKey } from './connect-stage.ts'

describe('workers that run while connections are made, changed and ended', () => {
  let stage: ConnectStage
  const stopping = new AbortController()
  const clients = new Map<string, ConnectedClient>()
  const woken: string[] = []
  let following: Promise<void>

  before(async () => {
    stage = await connectStage()
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
      signal: stopping.signal,
    }
    following = followConnections(context, stage.deps, clients, { withStreams: true }).catch(() => undefined)
  })
  after(async () => {
    stopping.abort()
    await following
    await wait(300)
    await stage.close()
  })

  /** Two seconds is what is promised; the rest is a slow machine. */
  async function until(what: string, isSo: () => boolean | Promise<boolean>, withinMs = 6_000): Promise<void> {
    const givesUpAt = performance.now() + withinMs
    while (!(await isSo())) {
      assert.ok(performance.now() < givesUpAt, `${what}: not within ${withinMs} ms`)
      await wait(25)
    }
  }
  const streamOf = async (id: string) =>
    (
      await sql<{ state: string | null }>`select stream_state as state from connection where id = ${id}`.execute(
        stage.deps.db,
      )
    ).rows[0]?.state

  it('use one that was made, with its stream, and wake its first reading', async () => {
    const id = await stage.connect('salesforce', stage.salesforceGrant())
    await until('a client', () => clients.has(id))
    assert.ok(woken.includes(`poll/${id}`))
    await until('a stream', async () => (await streamOf(id)) != null)
  })

  it('build it again when its credentials change', async () => {
    const id = await stage.connect('hubspot', stage.hubSpotGrant())
    await until('a client', () => clients.has(id))
    const before = clients.get(id)!
    await changeClientSecret(stage.deps, id, { add: 'another-secret' })
    await until('another client', () => clients.get(id) !== before && clients.has(id))
    assert.equal(clients.get(id)!.connection.revision, before.connection.revision + 1)
  })

  it('go on with the others when the key of one is missing, say so of that one, and take it up when the key is back', async () => {
    const hubspot = await stage.connect('hubspot', stage.hubSpotGrant())
    await until('a client', () => clients.has(hubspot))
    const known = stage.keys
    stage.keys = [newKey('v9'), ...known]
    const salesforce = await stage.connect('salesforce', stage.salesforceGrant())
    const [lost, ...rest] = stage.keys
    await until(
      'the new revision',
      () => clients.get(salesforce)?.connection.credentials?.toString().startsWith('v9.') === true,
    )
    stage.keys = rest
    await sql`update connection set revision = revision + 1 where id = ${salesforce}`.execute(stage.deps.db)
    await until('no client', () => !clients.has(salesforce))
    const row = (await findConnection(stage.deps.db, salesforce))!
    assert.equal(row.status, 'reconnect-needed')
    assert.match(row.statusReason ?? '', /LANEKEEPER_KEYS/)
    assert.ok(clients.has(hubspot))
    stage.keys = [...rest, lost!]
    await sql`update connection set revision = revision + 1 where id = ${salesforce}`.execute(stage.deps.db)
    await until('a client again', () => clients.has(salesforce))
  })

  it('drop one that was ended, with its stream, and nothing of it is overdue any more', async () => {
    const id = await stage.connect('salesforce', stage.salesforceGrant())
    await until('a client', () => clients.has(id))
    assert.ok((await findOverdue(stage.deps.db, 300)).some(({ connectionId }) => connectionId === id))
    await disconnect(stage.deps, id, { history: 'keep', by: 'console' })
    await until('no client', () => !clients.has(id))
    assert.ok(!(await findOverdue(stage.deps.db, 300)).some(({ connectionId }) => connectionId === id))
    await until('the stream lock', async () => {
      const { rows } = await sql<{ got: boolean }>`
        select pg_try_advisory_lock(hashtextextended(${`stream/${id}`}, 0)) as got`.execute(stage.deps.db)
      return rows[0]!.got
    })
  })

  it('ask a portal that cannot call us every minute, and one that can when the setting says', async () => {
    const id = await stage.connect('hubspot', stage.hubSpotGrant(), { webhookUrl: null })
    await sql`update connection set baseline = '{"done":true,"objects":{}}', polled_at = now() - interval '70 seconds'
      where id = ${id}`.execute(stage.deps.db)
    const isOverdue = async () =>
      (await findOverdue(stage.deps.db, 300)).some((due) => due.connectionId === id && due.stage === 'poll')
    assert.equal((await findConnection(stage.deps.db, id))!.feed, 'poll')
    assert.equal(await isOverdue(), true)
    await sql`update connection set feed = 'push' where id = ${id}`.execute(stage.deps.db)
    assert.equal(await isOverdue(), false)
  })

  it('a connection of the environment stays undisturbed by further starts with the same settings', async () => {
    const wanted = {
      crm: 'hubspot',
      grant: stage.hubSpotGrant(),
      address: stage.address('hubspot'),
      webhookUrl: 'http://localhost:4000/webhooks/hubspot',
    } as const
    await sql`update connection set writes_since = now() where crm = 'hubspot'`.execute(stage.deps.db)
    const id = (await connectFromEnvironment(stage.deps, wanted))!
    const first = (await findConnection(stage.deps.db, id))!
    assert.deepEqual([first.madeBy, first.feed, first.taskKey?.enforced], ['environment', 'push', true])
    await Promise.all([1, 2, 3].map(() => connectFromEnvironment(stage.deps, wanted)))
    assert.equal((await findConnection(stage.deps.db, id))!.revision, first.revision)
    const changed = { ...wanted, grant: stage.hubSpotGrant({ clientSecrets: ['new', 'old'] }) }
    await connectFromEnvironment(stage.deps, changed)
    assert.equal((await findConnection(stage.deps.db, id))!.revision, first.revision + 1)
  })
})
