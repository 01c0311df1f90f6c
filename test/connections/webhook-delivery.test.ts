import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, describe, it, type TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import pg from 'pg'
import { buildApp } from '../../src/api/app.ts'
import { webhookReceivers } from '../../src/api/webhooks/webhook-receivers.ts'
import { webhookRoutes } from '../../src/api/webhooks/webhook-routes.ts'
import type { ConnectionId } from '../../src/model/record/change-event.ts'
import { applyBatch } from '../../src/pipeline/apply/apply.ts'
import { type ConnectStage, connectStage } from './connect-stage.ts'

/** HubSpot's default for the deliveries of one account that are under way at once. */
const IN_FLIGHT_MAX = 10

/**
 * The sandbox portal delivers over HTTP, signed and with its own retries, to the route of the service, which knows the
 * connection from the database.
 */
describe('a delivery of HubSpot, through the product', () => {
  let stage: ConnectStage
  let connectionId: ConnectionId
  let app: FastifyInstance
  let url: string
  /** Happens to a request before anything else is done with it. */
  let onArrival: () => Promise<void>
  let inFlight: number
  let inFlightMost: number
  let sinceMs = 0
  const answers: number[] = []
  before(async () => {
    stage = await connectStage()
    const { db, box, nowMs } = stage.deps
    // What it knows of the connections is old whenever a test says so.
    const webhookUrl = 'https://lanes.acme.example/webhooks/hubspot'
    const receivers = webhookReceivers({ db, box, crm: 'hubspot', webhookUrl }, () => nowMs() + sinceMs)
    app = buildApp({
      db,
      publicUrl: 'https://lanes.acme.example',
      extraHosts: ['127.0.0.1', 'localhost'],
      consoleDir: null,
      plugins: [
        webhookRoutes({
          db,
          crm: 'hubspot',
          async connections(how) {
            await onArrival()
            return receivers(how)
          },
          wakeApply: () => undefined,
          nowMs,
        }),
      ],
    })
    app.addHook('onRequest', async () => {
      inFlight += 1
      inFlightMost = Math.max(inFlightMost, inFlight)
    })
    app.addHook('onResponse', async (_request, reply) => {
      inFlight -= 1
      answers.push(reply.statusCode)
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/webhooks/hubspot`
    connectionId = (await stage.connect('hubspot', stage.hubSpotGrant(), { webhookUrl: url })) as ConnectionId
    await control('settings', { webhookUrl: url, webhookRetryBaseMs: 20 })
  })
  after(async () => {
    await app.close()
    await stage.close()
  })
  beforeEach(async () => {
    onArrival = async () => undefined
    inFlight = 0
    inFlightMost = 0
    answers.length = 0
    await sql`truncate change_event, record, counter`.execute(stage.deps.db)
  })

  const control = (path: string, body: object) => stage.control('hubspot', 'POST', path, body)
  const sent = async () => {
    const { webhooks } = await stage.control('hubspot', 'GET', 'stats')
    return webhooks as { readonly sent: number; readonly acknowledged: number; readonly failed: number }
  }
  const rows = async <T>(query: ReturnType<typeof sql<T>>) => (await query.execute(stage.deps.db)).rows
  const storedKeys = async () =>
    (await rows(sql<{ key: string }>`select dedupe_key as key from change_event order by 1`)).map(({ key }) => key)
  const made = async (n: number, company: string) => {
    const { results } = await control('changes', {
      changes: Array.from({ length: n }, (_, i) => ({
        op: 'create',
        objectType: 'contacts',
        properties: { email: `${company}-${i}@delivered.example`, company },
      })),
    })
    return (results as { ok: boolean; id: string; why?: string }[]).map(({ ok, id, why }) => {
      assert.ok(ok, why)
      return id
    })
  }
  const companies = async (ids: readonly string[]) => {
    while ((await applyBatch(stage.deps.db, { id: connectionId, crm: 'hubspot' })).taken > 0);
    const known = await rows(
      sql<{ id: string; company: string }>`select record_id as id, values->>'company' as company from record`,
    )
    return ids.map((id) => known.find((record) => record.id === id)?.company)
  }
  async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 15_000
    while (!(await holds())) {
      if (Date.now() > deadline) throw new Error(`Within 15 s it did not come true that ${what}`)
      await wait(10)
    }
  }
  /** Nothing can be stored until it is let go. */
  async function eventsLocked(t: TestContext): Promise<() => Promise<void>> {
    const holder = new pg.Client({ connectionString: stage.database.url })
    await holder.connect()
    t.after(() => holder.end())
    await holder.query('begin')
    await holder.query('lock table change_event in access exclusive mode')
    return async () => void (await holder.query('rollback'))
  }
  const isOver = async (before: number) => (await sent()).acknowledged > before && inFlight === 0

  it('that was answered 503 before anything was stored is tried again and counts once', async () => {
    const { acknowledged } = await sent()
    let isAway = true
    onArrival = async () => {
      if (!isAway) return
      isAway = false
      throw new Error('the database is away')
    }
    const [id] = await made(1, 'Retried')
    await until('the portal came again', () => isOver(acknowledged))
    assert.deepEqual(answers, [503, 204])
    assert.equal(await storedKeys().then((keys) => keys.length), (await sent()).acknowledged - acknowledged)
    assert.deepEqual(await rows(sql`select 1 from counter where name = 'events-duplicate'`), [])
    assert.deepEqual(await companies([id!]), ['Retried'])
  })

  it('that was answered 503 and stored after all counts once when it is tried again', async (t) => {
    const { acknowledged } = await sent()
    const letGo = await eventsLocked(t)
    const [id] = await made(1, 'Late')
    await until('the first attempt was answered', () => answers.length > 0)
    assert.deepEqual(answers, [503])
    await letGo()
    await until('the portal came again', () => isOver(acknowledged))
    assert.equal(answers.at(-1), 204)
    const told = (await sent()).acknowledged - acknowledged
    await until('all is stored', async () => (await storedKeys()).length === told)
    const [duplicates] = await rows(sql<{ n: number }>`
      select sum(n)::int as n from counter where name = 'events-duplicate'`)
    assert.equal(duplicates?.n, told * (answers.length - 1), 'each further attempt is a duplicate')
    assert.deepEqual(await companies([id!]), ['Late'])
    const outcomes = await rows(sql<{ state: string; n: number }>`
      select state, count(*)::int as n from change_event where fields ? 'company' group by 1`)
    assert.deepEqual(outcomes, [{ state: 'applied', n: 1 }])
  })

  it('with nine others under way is answered in time, and all ten are stored, each once', async (t) => {
    const { acknowledged } = await sent()
    const letGo = await eventsLocked(t)
    const ids = await made(1_000, 'Crowd')
    await until('ten deliveries are under way', () => inFlight === IN_FLIGHT_MAX)
    await letGo()
    await until('everything is acknowledged', async () => {
      const { acknowledged: now } = await sent()
      return now - acknowledged >= 1_000 && inFlight === 0 && (await storedKeys()).length === now - acknowledged
    })
    assert.equal(inFlightMost, IN_FLIGHT_MAX)
    assert.deepEqual([...new Set(answers)], [204], 'nobody was asked to come again')
    assert.deepEqual(await rows(sql`select 1 from counter where name = 'events-duplicate'`), [])
    const known = await companies(ids)
    assert.deepEqual([known.length, new Set(known)], [1_000, new Set(['Crowd'])])
  })

  describe('while HubSpot still has the settings of before', () => {
    const moved = async (from: string, to: string) => {
      await control('settings', { webhookUrl: from })
      await stage.connect('hubspot', stage.hubSpotGrant(), { webhookUrl: from })
      await stage.connect('hubspot', stage.hubSpotGrant(), { webhookUrl: to })
      sinceMs += 5_000
    }
    const delivered = async (company: string) => {
      const { acknowledged } = await sent()
      const [id] = await made(1, company)
      await until('it was acknowledged', () => isOver(acknowledged))
      assert.deepEqual(await companies([id!]), [company])
    }

    it('is believed at the address of before, at the first attempt, and at the new one', async () => {
      const other = url.replace('127.0.0.1', 'localhost')
      await moved(url, other)
      await delivered('Before')
      await control('settings', { webhookUrl: other })
      await delivered('After')
      assert.deepEqual([...new Set(answers)], [204])
    })

    it('is refused at an address of more than a day ago, and comes again to the new one', async () => {
      const other = url.replace('127.0.0.1', 'localhost')
      await moved(url, other)
      await sql`update connection set webhook_moved_at = webhook_moved_at - interval '26 hours'`.execute(stage.deps.db)
      sinceMs += 5_000
      const { acknowledged } = await sent()
      const [id] = await made(1, 'Refused')
      await until('it was refused', () => answers.includes(401))
      assert.deepEqual(await storedKeys(), [])
      await control('settings', { webhookUrl: other })
      await until('it was acknowledged', () => isOver(acknowledged))
      assert.deepEqual(await companies([id!]), ['Refused'])
    })
  })
})
