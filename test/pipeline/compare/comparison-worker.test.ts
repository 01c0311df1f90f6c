import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import { pino } from 'pino'
import { rereadDifferences } from '../../../src/pipeline/compare/recheck-differences.ts'
import { refreshBatch } from '../../../src/pipeline/read/refresh.ts'
import { readComparison, requestComparison } from '../../../src/store/compare/comparisons.ts'
import { findConnection } from '../../../src/store/connections/connections.ts'
import type { ConnectedClient, WorkerContext } from '../../../workers/runtime/context.ts'
import { runComparisons } from '../../../workers/stages/compare.ts'
import { contactPolicy, type Harness, pipelineHarness, staff, TUESDAY_MS } from '../harness.ts'
import { PolledCrm } from '../read/polled-crm.ts'

/** The worker's own loop, with apply and refresh by hand whenever it wakes them. */
describe('the loop that counts and compares', () => {
  let h: Harness
  let crm: PolledCrm
  const stop = new AbortController()
  const woken: string[] = []
  let running: Promise<void>
  const fieldsOf = () => ({ fields: ['country'], historyFields: [] })

  before(async () => {
    h = await pipelineHarness((fake) => {
      staff(fake)
      return [contactPolicy()]
    })
    crm = new PolledCrm(h.crm, () => TUESDAY_MS)
    const context = {
      ...h,
      databaseUrl: h.url,
      queues: { wake: (stage: string) => void woken.push(stage) },
      logger: pino({ level: 'silent' }),
      instance: 'test',
      nowMs: Date.now,
      fieldsOf,
      connectionIds: () => [h.connection.id],
      clientOf: () =>
        ({ connection, client: crm.client(), setup: { count: async () => 2 } }) as unknown as ConnectedClient,
      signal: stop.signal,
      // No event is under way in this test, so nobody has to wait for one.
      graceS: 0,
    } as unknown as WorkerContext
    const connection = await findConnection(h.db, h.connection.id)
    running = runComparisons(context)
  })
  after(async () => {
    stop.abort()
    await running
    await h.stop()
  })

  async function until(what: string, is: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 300; tries += 1) {
      if (await is()) return
      await wait(50)
    }
    throw new Error(`Not within 15 s: ${what}`)
  }
  const differences = async () =>
    (await sql<{ n: number }>`select count(*)::int as n from difference where differs_since is not null`.execute(h.db))
      .rows[0]!.n
  const counted = async () =>
    (await sql<{ n: number }>`select coalesce(sum(n), 0)::int as n from event_tally`.execute(h.db)).rows[0]!.n

  it('counts every event soon after it was applied', async () => {
    crm.put('contacts', '1', { country: 'DE' })
    await h.receive({ ...crm.told('contacts', '1', ['country']), complete: true, kind: 'created' })
    await h.apply()
    await until('one event counted', async () => (await counted()) === 1)
  })

  it('begins no comparison by itself in the first minutes of a connection', async () => {
    await until('the connection was looked at', async () => (await readComparison(h.db, h.connection.id)) !== null)
    await wait(2_000)
    assert.equal((await readComparison(h.db, h.connection.id))?.run, 0)
  })

  it('compares when a person asks, and leaves the number', async () => {
    crm.put('contacts', '2', { country: 'FR' })
    await requestComparison(h.db, h.connection.id, 'person', 'full')
    await until('one record out of step', async () => {
      const check = await readComparison(h.db, h.connection.id)
      return check?.state === 'idle' && check.run === 1 && (await differences()) === 1
    })
    const { rows } = await sql<{ crm_stated: number; our_count: number }>`
      select crm_stated, our_count from comparison_object where object_type = 'contacts'`.execute(h.db)
    assert.deepEqual(rows, [{ crm_stated: 2, our_count: 1 }])
  })

  it('lets the number fall within seconds of "read again"', async () => {
    woken.length = 0
    assert.equal(await rereadDifferences(h.db, h.connection.id, {}), 1)
    const begun = Date.now()
    await until('nothing out of step', async () => {
      if (woken.includes('apply')) {
        await h.apply()
        const { db, connection } = h
        while ((await refreshBatch({ db, client: crm.client(), connection, fieldsOf, nowMs: Date.now })).taken > 0)
          await h.apply()
      }
      return (await differences()) === 0
    })
    assert.ok(Date.now() - begun < 10_000)
  })

  it('says why a comparison waits when the CRM is busy, and goes on afterwards', async () => {
    await sql`update call_budget set paused_until = now() + interval '1 minute'`.execute(h.db)
    await requestComparison(h.db, h.connection.id, 'person', 'full')
    await until('the reason is said', async () => {
      const check = await readComparison(h.db, h.connection.id)
      return check?.state === 'running' && check.problem === 'The CRM asked us to wait.'
    })
    await sql`update call_budget set paused_until = null`.execute(h.db)
    await until('it came to its end', async () => {
      const check = await readComparison(h.db, h.connection.id)
      return check?.state === 'idle' && check.run === 2 && check.problem === null
    })
  })

  it('compares although the events of a connection cannot be counted', async () => {
    // A sequence keeps what a transaction that fails has counted.
    await sql`create sequence refused_tally`.execute(h.db)
    await sql`create function refuse_tally() returns trigger language plpgsql as
      $$ begin perform nextval('refused_tally'); raise exception 'no count'; end $$`.execute(h.db)
    await sql`create trigger refuse_tally before insert on event_tally for each statement execute function refuse_tally()`.execute(
      h.db,
    )
    crm.put('contacts', '3', { country: 'DE' })
    await h.receive({ ...crm.told('contacts', '3', ['country']), complete: true, kind: 'created' })
    await h.apply()
    await until('two turns could not count', async () => {
      const { rows } = await sql<{ n: number }>`select last_value::int as n from refused_tally`.execute(h.db)
      return rows[0]!.n >= 2
    })
    await requestComparison(h.db, h.connection.id, 'person', 'full')
    await until('it came to its end', async () => {
      const check = await readComparison(h.db, h.connection.id)
      return check?.state === 'idle' && check.run === 3
    })
    await sql`drop trigger refuse_tally on event_tally`.execute(h.db)
    await until('all events are counted', async () => {
      const { rows } = await sql<{ n: number }>`select count(*)::int as n from change_event`.execute(h.db)
      return (await counted()) === rows[0]!.n
    })
  })
})
