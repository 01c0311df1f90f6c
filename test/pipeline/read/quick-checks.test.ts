import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import { CrmBusyError } from '../../../src/crm/crm-client.ts'
import type { FieldsNeeded } from '../../../src/model/patterns/contract/fields-needed.ts'
import { listConnections } from '../../../src/store/connections/connections.ts'
import { quickChecks } from '../../../workers/background/quick-checks.ts'
import type { ConnectedClient, WorkerContext } from '../../../workers/runtime/context.ts'
import { rowsOf } from '../contacts.ts'
import { contactPolicy, type Harness, pipelineHarness, staff } from '../harness.ts'

describe('between two polls', () => {
  const started: Harness[] = []
  after(() => Promise.all(started.map((h) => h.stop())))

  async function checking(feed: 'push' | 'poll') {
    const h = await pipelineHarness((crm) => {
      staff(crm)
      return [contactPolicy()]
    })
    started.push(h)
    const { id } = h.connection
    await sql`update connection set feed = ${feed} where id = ${id}`.execute(h.db)
    let atMs = Date.now()
    const woken: string[] = []
    const warned: unknown[] = []
    const trouble: { error: Error | null } = { error: null }
    const described: string[] = []
    const client = h.crm.client()
    const needed: FieldsNeeded = { fields: ['firstname'], historyFields: [], ours: [] } as unknown as FieldsNeeded
    const [connection] = await listConnections(h.db)
    const connected = {
      connection,
      client: {
        ...client,
        describe: async (objectType: string) => {
          described.push(objectType)
          if (trouble.error !== null) throw trouble.error
          return client.describe(objectType)
        },
      },
    } as unknown as ConnectedClient
    const context = {
      db: h.db,
      instance: 'test',
      signal: new AbortController().signal,
      nowMs: () => atMs,
      clientOf: () => connected,
      connectionIds: () => [id],
      queues: { wake: (stage: string) => woken.push(stage) },
      fieldsOf: () => needed,
      workflows: async () => [],
      logger: { debug: () => undefined, info: () => undefined, warn: (it: unknown) => warned.push(it) },
    } as unknown as WorkerContext
    const checks = quickChecks(context)
    return {
      h,
      woken,
      warned,
      described,
      trouble,
      nowMs: () => atMs,
      async lookAfter(seconds: number) {
        atMs += seconds * 1_000
        h.crm.calls.length = 0
        await checks.look()
        return h.crm.calls.filter((call) => call.startsWith('changedSince'))
      },
    }
  }

  it('a minute or two after the last look, tasks alone are read, and which fields there are', async () => {
    const { h, woken, warned, described, lookAfter } = await checking('push')
    assert.deepEqual(await lookAfter(0), [], 'the start has a poll of its own')
    h.crm.change('tasks', '77', { hs_task_status: 'COMPLETED' })
    assert.deepEqual(await lookAfter(121), ['changedSince tasks'])
    assert.deepEqual(
      woken.filter((stage) => stage === 'apply'),
      ['apply'],
    )
    assert.ok(described.includes('contacts'))
    assert.deepEqual(await lookAfter(30), [])
    assert.deepEqual(await lookAfter(91), ['changedSince tasks'])
    const [row] = await rowsOf(
      h,
      sql<{ polled: Date | null; reader: string | null }>`
      select polled_at as polled, reading_by as reader from connection`,
    )
    assert.deepEqual(row, { polled: null, reader: null }, 'the poll of everything is as due as before')
    assert.deepEqual(warned, [])
  })

  it('a connection that is polled every minute anyway is left alone', async () => {
    const { lookAfter } = await checking('poll')
    assert.deepEqual([await lookAfter(0), await lookAfter(121)], [[], []])
  })

  it('nothing is asked while another process reads the connection, and again as soon as it is done', async () => {
    const { h, lookAfter } = await checking('push')
    await lookAfter(0)
    await sql`insert into process_beat (role, instance, beat_at) values ('worker', 'other', now())`.execute(h.db)
    await sql`update connection set reading_by = 'other', reading_until = now() + interval '1 minute'`.execute(h.db)
    assert.deepEqual(await lookAfter(121), [])
    await sql`update connection set reading_by = null, reading_until = null`.execute(h.db)
    assert.deepEqual(await lookAfter(5), ['changedSince tasks'])
  })

  /** Seconds between one try and the next, looking every five seconds as the worker does. */
  async function waits(of: Awaited<ReturnType<typeof checking>>, tries: number): Promise<number[]> {
    const found: number[] = []
    for (let seconds = 5; found.length < tries; seconds += 5) {
      const before = of.described.length
      await of.lookAfter(5)
      if (of.described.length === before) continue
      found.push(seconds)
      seconds = 0
    }
    return found
  }

  it('that fail are tried again after 10 s, then after twice as long each time up to 10 minutes', async () => {
    const checks = await checking('push')
    await checks.lookAfter(0)
    checks.trouble.error = new Error('the CRM does not answer')
    await checks.lookAfter(121)
    assert.equal(checks.warned.length, 1)
    assert.deepEqual(await waits(checks, 8), [10, 20, 40, 80, 160, 320, 600, 600])
    checks.trouble.error = null
    await checks.lookAfter(600)
    checks.trouble.error = new Error('the CRM does not answer')
    await checks.lookAfter(121)
    assert.deepEqual(await waits(checks, 1), [10], 'a check that is through begins the waits again')
  })

  it('a CRM that says when it may be asked again is not asked before', async () => {
    const checks = await checking('push')
    await checks.lookAfter(0)
    checks.trouble.error = new CrmBusyError('rate limit', checks.nowMs() + 300_000)
    await checks.lookAfter(120)
    assert.deepEqual(await waits(checks, 1), [180])
  })
})
