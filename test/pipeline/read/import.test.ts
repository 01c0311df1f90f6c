import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'

import { type ChangedSince, CrmBusyError, type CrmClient, CrmRefusedError } from '../../../src/crm/crm-client.ts'
import type { ChangeEvent } from '../../../src/model/record/change-event.ts'
import { type ImportDependencies, importBaseline } from '../../../src/pipeline/read/import-baseline.ts'
import { type Baseline, saveBaseline } from '../../../src/store/connections/baseline.ts'
import { listConnections } from '../../../src/store/connections/connections.ts'
import { isJoined, joinConnections } from '../../../src/store/lifecycle/join-connections.ts'
import { queueAll, queueMarks } from '../../../src/store/records/mark-queue.ts'
import { knownSchemas } from '../../../src/store/records/schema-drift.ts'
import { isResyncWaiting, readWatermarks } from '../../../src/store/records/watermarks.ts'
import { contactPolicy, type Harness, pipelineHarness, staff, TUESDAY_MS } from '../harness.ts'

const PAGE = 400

describe('the first import', () => {
  let h: Harness
  beforeEach(async () => {
    h = await pipelineHarness((crm) => {
      staff(crm)
      return [contactPolicy()]
    })
    await saveBaseline(h.db, h.crm.connectionId, { done: false, objects: {} })
  })
  afterEach(() => h.stop())

  it('leaves off where the CRM failed, and goes on there: each page is read and each record stored once', async () => {
    const crm = pagedCrm(h, people(2_500), { failsAt: 4 })
    await assert.rejects(run(h, crm), CrmBusyError)
    const half = await baselineOf(h)
    assert.deepEqual([half.done, half.objects.contacts?.count], [false, 3 * PAGE])
    assert.equal(await countRecords(h), 3 * PAGE)

    const done = await run(h, crm)
    assert.equal(done.done, true)
    assert.equal(await countRecords(h), 2_500)
    assert.deepEqual(crm.asked, ['0', '400', '800', '1200', '1200', '1600', '2000', '2400'])
    const { rows } = await sql<{ state: string; n: number }>`
      select state, count(*)::int as n from change_event group by 1`.execute(h.db)
    assert.deepEqual(rows, [{ state: 'applied', n: 2_500 }])
  })

  it('is not ahead of what is stored when it is stopped between two pages', async () => {
    const stop = new AbortController()
    const crm = pagedCrm(h, people(2_500), { onPage: (n) => n === 4 && stop.abort() })
    await run(h, crm, { signal: stop.signal })
    assert.equal((await baselineOf(h)).objects.contacts?.count, await countRecords(h))
    assert.equal(await countRecords(h), 4 * PAGE)
  })

  it('has what it found beside what the CRM counts, before and after', async () => {
    const crm = pagedCrm(h, people(900))
    const totals = [900, 901]
    const asked: string[] = []
    await run(h, crm, {
      count: async (objectType) => {
        asked.push(objectType)
        return objectType === 'contacts' ? totals.shift()! : 0
      },
    })
    const { contacts, deals } = (await baselineOf(h)).objects
    assert.deepEqual([contacts?.count, contacts?.total], [900, 901])
    assert.deepEqual([deals?.count, deals?.total], [0, 0])
    assert.deepEqual(
      asked.filter((object) => object === 'contacts'),
      ['contacts', 'contacts'],
    )
  })

  it('goes on where the CRM does not count', async () => {
    await run(h, pagedCrm(h, people(900)), {
      count: async () => {
        throw new TypeError('a search without a total')
      },
    })
    assert.equal(await countRecords(h), 900)
  })

  it('reads the others where the CRM refuses an object, which is unreadable until the poll reads all of it', async () => {
    const crm = pagedCrm(h, people(900))
    const refused = async (objectType: string): Promise<never> => {
      throw new CrmRefusedError(`sObject type '${objectType}' is not supported`, 'INVALID_TYPE', 400)
    }
    const client: CrmClient = {
      ...crm,
      changedSince: (wanted) => (wanted.objectType === 'deals' ? refused('deals') : crm.changedSince(wanted)),
      describe: (objectType) => (objectType === 'deals' ? refused('deals') : crm.describe(objectType)),
    }
    const done = await run(h, client, { fieldsOf: () => ({ fields: ['amount'], historyFields: [] }) })
    assert.equal(done.done, true)
    assert.equal(await joinConnections(h.db), true)
    assert.equal(await countRecords(h), 900)
    const schemas = await knownSchemas(h.db, h.crm.connectionId)
    const deals = schemas.find(({ objectType }) => objectType === 'deals')
    assert.deepEqual([deals?.isRefused, deals?.unreadable], [true, ['amount']])
    assert.equal((await readWatermarks(h.db, h.crm.connectionId)).get('deals'), 1)
    assert.equal(await isResyncWaiting(h.db, h.crm.connectionId), false)
  })

  it('is not done with an object whose description failed', async () => {
    const crm = pagedCrm(h, people(900))
    let failures = 1
    const client: CrmClient = {
      ...crm,
      async describe(objectType) {
        if (objectType === 'contacts' && failures-- > 0) throw new CrmBusyError('busy', 0)
        return crm.describe(objectType)
      },
    }
    await assert.rejects(run(h, client), CrmBusyError)
    assert.equal((await baselineOf(h)).objects.contacts?.done, false)
    assert.equal((await run(h, client)).done, true)
    const described = (await knownSchemas(h.db, h.crm.connectionId)).map(({ objectType }) => objectType)
    assert.deepEqual(described.sort(), ['companies', 'contacts', 'deals'])
    assert.equal(await countRecords(h), 900)
  })

  it('changes nothing of what an event told before it, and stores that event once', async () => {
    const [first] = people(1)
    await h.receive(first!)
    await run(h, pagedCrm(h, people(3)))
    await h.apply()
    const { rows } = await sql<{ state: string }>`select state from change_event order by id`.execute(h.db)
    assert.deepEqual(
      rows.map(({ state }) => state),
      ['skipped', 'applied', 'applied'],
    )
    assert.equal(await countRecords(h), 3)
  })

  it('has records decided again that were decided before, where it brings one of the same person', async () => {
    const [known, twin] = people(2).map((event) => ({
      ...event,
      fields: { ...event.fields, email: 'ann@acme.example' },
    }))
    await decideOne(h, known!)
    assert.deepEqual(await dirty(h), [])

    await run(h, pagedCrm(h, [twin!]))
    assert.deepEqual(await dirty(h), ['1', '2'])
  })

  it('looks for no records to decide again before its connection is among those that are decided', async () => {
    const twins = people(2).map((event) => ({ ...event, fields: { ...event.fields, email: 'ann@acme.example' } }))
    await run(h, pagedCrm(h, [twins[0]!]))
    await sql`update record set dirty_since = null`.execute(h.db)
    assert.equal(await isJoined(h.db, h.crm.connectionId), false)
    await h.receive(twins[1]!)
    await h.apply()
    assert.deepEqual(await dirty(h), ['2'])
    assert.equal(await joinConnections(h.db), true)
    assert.equal(await joinConnections(h.db), false)
  })

  it('decides each record once when it has joined, whatever was asked of them before', async () => {
    await run(h, pagedCrm(h, people(2)))
    const { connectionId } = h.crm
    await sql`update record set dirty_since = null`.execute(h.db)
    for (const id of [connectionId, 'another']) {
      await queueMarks(h.db, id, 'owner', ['7'])
      await queueAll(h.db, id)
    }
    assert.equal(await joinConnections(h.db), true)
    const { rows } = await sql<{ left: string }>`select connection_id as left from mark_queue
      union all select connection_id from redecide_queue order by 1`.execute(h.db)
    assert.deepEqual(new Set(rows.map(({ left }) => left)), new Set(['another']))
  })

  it('tells the planner of every column by which an index of its tables is chosen', async () => {
    await run(h, pagedCrm(h, people(900)))
    const { rows } = await sql<{ untold: string }>`
      select distinct c.relname || '.' || a.attname as untold from pg_index i
      join pg_class c on c.oid = i.indrelid and c.relname in ('record', 'match_key', 'change_event')
      join pg_depend d on d.objid = i.indexrelid and d.refobjid = c.oid and d.refobjsubid > 0
      join pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid
      where not exists (select 1 from pg_stats s where s.tablename = c.relname and s.attname = a.attname)`.execute(h.db)
    assert.deepEqual(rows, [])
  })

  it('has records decided again while a decision is under way that does not know of them', async () => {
    const [known, twin] = people(2).map((event) => ({
      ...event,
      fields: { ...event.fields, email: 'ann@acme.example' },
    }))
    await decideOne(h, known!)
    // As a decision that has read its neighbours and is about to commit.
    let commit = (): void => undefined
    const decision = h.db.transaction().execute(async (trx) => {
      await sql`update record set dirty_since = null where record_id = '1'`.execute(trx)
      await new Promise<void>((resolve) => {
        commit = resolve
      })
    })
    const imported = run(h, pagedCrm(h, [twin!]))
    // The import waits for the row that the decision holds, and marks it after.
    let isOver = false
    const ended = imported.finally(() => {
      isOver = true
    })
    while (!isOver) {
      const { rows } = await sql<{ n: number }>`
        select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
        h.db,
      )
      if (rows[0]!.n > 0) break
    }
    commit()
    await Promise.all([decision, ended])
    assert.deepEqual(await dirty(h), ['1', '2'])
  })
})

async function decideOne(h: Harness, event: ChangeEvent): Promise<void> {
  await saveBaseline(h.db, h.crm.connectionId, { done: true, objects: {} })
  await h.receive(event)
  await h.apply()
  await h.decide()
  await saveBaseline(h.db, h.crm.connectionId, { done: false, objects: {} })
}

function people(n: number): ChangeEvent[] {
  return Array.from({ length: n }, (_, i) => ({
    connectionId: 'hubspot-1' as ChangeEvent['connectionId'],
    dedupeKey: `rest/contacts/${i + 1}`,
    objectType: 'contacts',
    recordId: String(i + 1),
    kind: 'changed',
    occurredAtMs: TUESDAY_MS - 86_400_000,
    order: 0,
    fields: { email: `person${i}@acme.example`, country: 'DE', hubspot_owner_id: null },
    complete: true,
    source: 'baseline',
    actor: { kind: 'unknown', id: null, ours: false },
  }))
}

/** Contacts in pages of 400; no other object has records. `failsAt`: that call, counted from 1, is refused once. */
function pagedCrm(
  h: Harness,
  contacts: readonly ChangeEvent[],
  { failsAt, onPage }: { failsAt?: number; onPage?: (n: number) => void } = {},
): CrmClient & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    ...h.crm.client(),
    asked,
    async changedSince({ objectType, cursor }: ChangedSince) {
      if (objectType !== 'contacts') return { events: [], cursor: null, unreadable: [], total: null }
      const from = Number(cursor ?? 0)
      asked.push(String(from))
      if (asked.length === failsAt) throw new CrmBusyError('busy', 0)
      onPage?.(asked.length)
      const next = from + PAGE
      const more = next < contacts.length
      return { events: contacts.slice(from, next), cursor: more ? String(next) : null, unreadable: [], total: null }
    },
  }
}

async function run(h: Harness, client: CrmClient, change: Partial<ImportDependencies> = {}): Promise<Baseline> {
  const connection = (await listConnections(h.db)).find(({ id }) => id === h.crm.connectionId)!
  return importBaseline({
    db: h.db,
    client,
    connection,
    fieldsOf: () => ({ fields: [], historyFields: [] }),
    nowMs: Date.now,
    onPage: () => undefined,
    signal: new AbortController().signal,
    ...change,
  })
}

async function baselineOf(h: Harness): Promise<Baseline> {
  return (await listConnections(h.db)).find(({ id }) => id === h.crm.connectionId)!.baseline
}

async function countRecords({ db }: Harness): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from record`.execute(db)
  return rows[0]!.n
}

async function dirty({ db }: Harness): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select record_id as id from record where dirty_since is not null order by 1`.execute(db)
  return rows.map(({ id }) => id)
}
