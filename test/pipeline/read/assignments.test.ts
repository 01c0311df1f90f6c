import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { AssignmentVerbs } from '../../../src/crm/crm-territories.ts'
import { fieldsNeeded } from '../../../src/model/patterns/contract/fields-needed.ts'
import { compareRecords } from '../../../src/pipeline/compare/compare-records.ts'
import { decideBatch } from '../../../src/pipeline/decide/decide-changes.ts'
import { importBaseline } from '../../../src/pipeline/read/import-baseline.ts'
import { pollChanges } from '../../../src/pipeline/read/poll-changes.ts'
import { syncAssignments } from '../../../src/pipeline/read/sync-territory-assignments.ts'
import { claimComparison, releaseComparison, requestComparison } from '../../../src/store/compare/comparisons.ts'
import { saveBaseline } from '../../../src/store/connections/baseline.ts'
import { listConnections } from '../../../src/store/connections/connections.ts'
import { listNotices } from '../../../src/store/notices/notices.ts'
import { isResyncWaiting } from '../../../src/store/records/watermarks.ts'
import { contactPolicy, type Harness, pipelineHarness, staff, TUESDAY_MS, unknownInputs } from '../harness.ts'
import { FakeAssignments } from './fake-assignments.ts'

const HOUR_MS = 3_600_000
const policy = contactPolicy({
  objects: [{ crm: 'salesforce', object: 'Lead' }],
  patterns: [{ pattern: 'missing-field', fields: ['@territories'], graceMinutes: 0 }],
})

describe('what records are assigned to', () => {
  const started: Harness[] = []
  after(() => Promise.all(started.map((h) => h.stop())))

  /** An org with these leads, imported, of whose territories nobody has asked yet. */
  async function org(...leads: string[]) {
    const h = await pipelineHarness((crm) => {
      staff(crm)
      return [policy]
    }, 'salesforce')
    started.push(h)
    const { db, crm } = h
    const id = h.connection.id
    const lead = (recordId: string) => {
      const made = { CreatedDate: '2026-11-20T08:00:00.000Z', LastModifiedDate: '2026-11-20T08:00:00.000Z' }
      crm.change('Lead', recordId, {
        LastName: recordId,
        Country: 'DE',
        IsConverted: 'false',
        ConvertedAccountId: null,
        Email: null,
        Website: null,
        OwnerId: crm.users[0]!.userId,
        Territory__c: null,
        ...made,
      })
    }
    for (const recordId of leads) lead(recordId)
    await saveBaseline(db, id, { done: false, objects: {} })
    const reading = async () => ({
      db,
      client: crm.client(),
      connection: (await listConnections(db)).find((one) => one.id === id)!,
      fieldsOf: (c: string, objectType: string) => fieldsNeeded([policy], c, objectType),
      nowMs: () => TUESDAY_MS,
      onPage: () => undefined,
      signal: new AbortController().signal,
    })
    await importBaseline(await reading())
    const assignments = new FakeAssignments(TUESDAY_MS)
    return {
      ...h,
      lead,
      reading,
      assignments,
      async sync(
        over: { assignments?: AssignmentVerbs; signal?: AbortSignal; objects?: readonly string[] } = {},
      ): Promise<void> {
        assignments.nowMs += HOUR_MS / 10
        assignments.calls.length = 0
        const { signal } = new AbortController()
        const given = { db, connection: h.connection, assignments: assignments.verbs(), objects: ['Lead'], signal }
        await syncAssignments({ ...given, onPage: () => undefined, ...over })
      },
      async values() {
        const { rows } = await sql<{ id: string; value: string | null }>`
          select record_id as id, case when values ? '@territories' then coalesce(values->>'@territories', '-') end as value
          from record where object_type = 'Lead' order by 1`.execute(db)
        return Object.fromEntries(rows.map((row) => [row.id, row.value]))
      },
      async events() {
        const { rows } = await sql<{ key: string }>`
          select record_id || ' ' || coalesce(fields->>'@territories', '-') || ' ' || state as key from change_event
          where fields ? '@territories' order by id`.execute(db)
        return rows.map((row) => row.key)
      },
      async cases() {
        while ((await decideBatch(h.connection, { db, workflows: h.workflows, nowMs: () => TUESDAY_MS })).taken > 0);
        const { rows } = await sql<{ id: string; class: string; what: string }>`
          select record_id as id, class, what from exception
          where status = 'open' and pattern = 'missing-field' order by 1`.execute(db)
        return rows
      },
    }
  }

  it('is not known before anybody has asked, and none only after', async () => {
    const t = await org('1', '2')
    assert.deepEqual(await t.cases(), [])
    assert.deepEqual(await unknownInputs(t.db), { 'Lead/@territories/not-read': 2 })
    t.assignments.assign('2', 't2')
    t.assignments.assign('2', 't1')
    await t.sync()
    assert.deepEqual(await t.events(), ['1 - applied', '2 dach;france applied'])
    assert.deepEqual(
      (await t.cases()).map(({ id, what }) => `${id} ${what}`),
      ['1 This lead is assigned to no territory.'],
    )
    assert.equal(await isResyncWaiting(t.db, t.connection.id), false, 'no lead has to be read again for it')
  })

  it('is not touched by a reading of the whole record, and is no difference when records are compared', async () => {
    const t = await org('1', '2')
    t.assignments.assign('1', 't1')
    await t.sync()
    t.crm.change('Lead', '1', { Country: 'FR' })
    await pollChanges(await t.reading())
    await t.apply()
    const { rows } = await sql<{ country: string }>`
      select values->>'Country' as country from record where record_id = '1'`.execute(t.db)
    assert.equal(rows[0]?.country, 'FR')
    assert.deepEqual(await t.values(), { '1': 'dach', '2': '-' })

    await requestComparison(t.db, t.connection.id, 'person', 'full')
    await claimComparison(t.db, t.connection.id, 'test')
    const check = { count: async () => null, instance: 'test', onReread: () => undefined, graceS: 0, patienceMs: 0 }
    const deps = { ...(await t.reading()), ...check, connection: { ...t.connection, title: 'Org' } }
    assert.equal(await compareRecords(deps), 'done')
    await releaseComparison(t.db, t.connection.id, 'test')
    const compared = await sql`select 1 from comparison_day where object_type = 'Lead' and our_count = 2`.execute(t.db)
    assert.equal(compared.rows.length, 1)
    assert.equal((await sql`select 1 from difference`.execute(t.db)).rows.length, 0)
  })

  it('is told when all of it was read, and a reading that was stopped goes on', async () => {
    const t = await org('1', '2', '3', '4', '5')
    for (const id of ['1', '2', '3', '4', '5']) t.assignments.assign(id, 't1')
    const stop = new AbortController()
    const stopping = t.assignments.verbs(async (call) => {
      if (call === 'everything of m1 after a101') stop.abort()
    })
    await t.sync({ assignments: stopping, signal: stop.signal })
    assert.deepEqual(await t.events(), [])
    await t.sync()
    assert.deepEqual(t.assignments.calls, [
      'active',
      'everything of m1 after a103',
      'made after null',
      'made after a101',
      'made after a103',
    ])
    assert.equal((await t.events()).length, 5)
    await t.sync()
    assert.equal((await t.events()).length, 5, 'nothing is news')
  })

  it('is followed by what was made and deleted since, the whole of each record, many in one read', async () => {
    const ids = Array.from({ length: 250 }, (_, i) => String(i + 1))
    const t = await org(...ids)
    const first = t.assignments.assign('1', 't1')
    await t.sync()
    const moved = ids.map((id) => t.assignments.assign(id, 't2'))
    await t.sync()
    assert.deepEqual((await t.events()).slice(250, 251), ['1 dach;france applied'])
    assert.equal((await t.events()).length, 500)

    for (const id of [first, ...moved]) t.assignments.release(id)
    await t.sync()
    assert.deepEqual(t.assignments.calls, ['active', 'deleted', 'of 200', 'of 50', 'made after null'])
    assert.equal((await t.events()).filter((key) => key.endsWith(' - applied')).length, 249 + 250)
  })

  it('is the newest that was read, also when the clock of the CRM went back', async () => {
    const t = await org('1')
    const wrong = t.assignments.assign('1', 't2')
    await t.sync()
    t.assignments.nowMs -= HOUR_MS
    t.assignments.assign('1', 't1')
    t.assignments.nowMs += HOUR_MS
    t.assignments.release(wrong)
    t.assignments.nowMs -= HOUR_MS
    await t.sync()
    assert.deepEqual(await t.values(), { '1': 'dach' })
  })

  it('is all read again when the list of deletions ran out, and when another model is active', async () => {
    const t = await org('1', '2')
    const gone = t.assignments.assign('1', 't1')
    t.assignments.assign('2', 't1')
    await t.sync()
    t.assignments.release(gone)
    t.assignments.isListTooShort = true
    await t.sync()
    assert.deepEqual(t.assignments.calls.slice(0, 3), ['active', 'deleted', 'everything of m1 after null'])
    assert.deepEqual(await t.values(), { '1': '-', '2': 'dach' })
    t.assignments.isListTooShort = false
    t.assignments.modelId = 'm2'
    await t.sync()
    assert.deepEqual(t.assignments.calls.slice(0, 2), ['active', 'everything of m2 after null'])
    t.assignments.modelId = null
    await t.sync()
    assert.deepEqual(t.assignments.calls, ['active'])
    assert.deepEqual(await t.values(), { '1': '-', '2': '-' })
  })

  it('of another model goes in bounded batches, and one that was stopped goes on', async () => {
    const t = await org('1')
    await t.sync()
    await sql`insert into territory_assignment (connection_id, assignment_id, object_type, record_id, territory_id)
      select ${t.connection.id}, 'old' || n, 'Lead', n::text, 't1' from generate_series(1, 25000) n`.execute(t.db)
    await sql`create table deleted (n integer)`.execute(t.db)
    await sql`create function note_deleted() returns trigger language plpgsql as $$ begin
      insert into deleted select count(*) from gone; return null; end $$`.execute(t.db)
    await sql`create trigger deleted after delete on territory_assignment referencing old table as gone
      for each statement execute function note_deleted()`.execute(t.db)
    const left = async () =>
      (await sql<{ n: number }>`select count(*)::int as n from territory_assignment`.execute(t.db)).rows[0]!.n
    t.assignments.modelId = 'm2'
    const stops = new AbortController()
    const stopping = {
      ...t.assignments.verbs(),
      active: async () => {
        const active = await t.assignments.verbs().active()
        stops.abort()
        return active
      },
    }
    await t.sync({ assignments: stopping, signal: stops.signal })
    assert.equal(await left(), 25_000)
    await t.sync()
    assert.equal(await left(), 0)
    const { rows } = await sql<{ n: number }>`select n from deleted`.execute(t.db)
    assert.ok(rows.length >= 3 && rows.every(({ n }) => n <= 10_000), JSON.stringify(rows))
  })

  it('is called what the territory is called now, without being read again', async () => {
    const t = await org('1')
    t.assignments.assign('1', 't1')
    await t.sync()
    t.assignments.territories.set('t1', { developerName: 'dach', name: 'Centre; and East' })
    await t.sync()
    assert.deepEqual(t.assignments.calls, ['active', 'made after null'])
    const { rows } = await sql`select values->>'@territory-names' as names from record`.execute(t.db)
    assert.deepEqual(rows, [{ names: 'Centre, and East' }])
  })

  it('is told of a record that came after its assignment, and of one that came back', async () => {
    const t = await org('1')
    await t.sync()
    const lost = t.assignments.assign('1', 't1')
    t.assignments.assign('2', 't2')
    await t.sync()
    assert.deepEqual(await t.values(), { '1': 'dach' })
    await sql`update record set deleted = true where record_id = '1'`.execute(t.db)
    t.assignments.release(lost)
    t.lead('2')
    await pollChanges(await t.reading())
    await t.apply()
    await sql`update record set deleted = true where record_id = '1'`.execute(t.db)
    await t.sync()
    assert.deepEqual(await t.values(), { '1': 'dach', '2': 'france' })
    await sql`update record set deleted = false where record_id = '1'`.execute(t.db)
    await t.sync()
    assert.deepEqual(await t.values(), { '1': '-', '2': 'france' })
  })

  it('is told once by two polls at the same time, of which one gives way', async () => {
    const t = await org('1', '2', '3')
    for (const id of ['1', '2', '3']) t.assignments.assign(id, 't1')
    let isOvertaken = false
    const slow = t.assignments.verbs(async (call) => {
      if (call !== 'everything of m1 after a101' || isOvertaken) return
      isOvertaken = true
      await t.sync()
    })
    await t.sync({ assignments: slow })
    assert.equal(isOvertaken, true)
    assert.deepEqual(await t.events(), ['1 dach applied', '2 dach applied', '3 dach applied'])
    const { rows } = await sql<{ phase: string }>`select place->>'phase' as phase from assignment_poll`.execute(t.db)
    assert.equal(rows[0]?.phase, 'follow')
  })

  it('stays unknown where Salesforce shows none, which is said until it does', async () => {
    const t = await org('1')
    const open = async () =>
      (await listNotices(t.db, { connectionId: t.connection.id, limit: 9 })).map(({ code, n, endedAt }) => [
        code,
        n,
        endedAt === null,
      ])
    t.assignments.isOff = true
    await t.sync()
    await t.sync()
    assert.deepEqual(await open(), [['territories-not-shown', 1, true]])
    assert.deepEqual(await t.values(), { '1': null })
    t.assignments.isOff = false
    await t.sync()
    assert.deepEqual(await open(), [['territories-not-shown', 1, false]])
    assert.deepEqual(await t.values(), { '1': '-' })
  })

  it('is asked by nobody where no policy needs it', async () => {
    const t = await org('1')
    await t.sync({ objects: [] })
    assert.deepEqual(t.assignments.calls, [])
  })
})
