import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { CrmBusyError, type CrmClient, CrmRefusedError } from '../../../src/crm/crm-client.ts'
import { HubSpotScopeMissing } from '../../../src/crm/hubspot/http/errors.ts'
import { refreshBatch } from '../../../src/pipeline/read/refresh.ts'
import { CREATED, contact, openPatterns, rowsOf, userId, withHarness } from '../contacts.ts'
import { type Harness, TUESDAY_MS } from '../harness.ts'

describe('reading records known only from events', () => {
  const deps = (h: Harness, client: CrmClient, nowMs = TUESDAY_MS) => ({
    db: h.db,
    client,
    connection: h.connection,
    fieldsOf: () => ({ fields: [], historyFields: [] }),
    nowMs: () => nowMs,
  })

  it('part of promise 13: an id that the CRM refuses is found, counted and left for later, and the others are read', () =>
    withHarness(async (h) => {
      await h.receive(...['1', '2', '3', 'bad', '5'].map((id) => contact(h, id, { country: 'FR' })))
      await h.apply()
      const client = h.crm.client()
      const refusing: CrmClient = {
        ...client,
        readRecords: async (query) => {
          if (query.ids.includes('bad')) throw new CrmRefusedError('That id is none', 'MALFORMED_ID', 400)
          return client.readRecords(query)
        },
      }
      assert.deepEqual(await refreshBatch(deps(h, refusing)), { taken: 5 })
      await h.apply()
      assert.deepEqual(
        await rowsOf(
          h,
          sql`select record_id, read_attempts, read_after > now() + interval '4 minutes' as later
          from record where needs_read is not null`,
        ),
        [{ record_id: 'bad', read_attempts: 1, later: true }],
      )
      assert.deepEqual(await rowsOf(h, sql`select detail, n from counter where name = 'record-failed'`), [
        { detail: 'refresh contacts/bad: MALFORMED_ID', n: 1 },
      ])
      assert.deepEqual(await refreshBatch(deps(h, refusing)), { taken: 0 })
    }))

  it('costs few calls when the CRM refuses every id', () =>
    withHarness(async (h) => {
      await h.receive(...Array.from({ length: 100 }, (_, n) => contact(h, String(n), { country: 'FR' })))
      await h.apply()
      let calls = 0
      const refusing: CrmClient = {
        ...h.crm.client(),
        readRecords: async () => {
          calls += 1
          throw new CrmRefusedError('No such object', 'NO_OBJECT', 400)
        },
      }
      assert.deepEqual(await refreshBatch(deps(h, refusing)), { taken: 100 })
      assert.ok(calls < 50, String(calls))
      assert.deepEqual(await refreshBatch(deps(h, refusing)), { taken: 0 })
    }))

  it('costs one call while a scope is missing, and the connection continues', () =>
    withHarness(async (h) => {
      await h.receive(contact(h, '1', { country: 'FR' }), contact(h, '2', { country: 'FR' }))
      await h.apply()
      let calls = 0
      const refusing: CrmClient = {
        ...h.crm.client(),
        readRecords: async () => {
          calls += 1
          throw new HubSpotScopeMissing('Missing scope', 'Grant it.', ['crm.objects.contacts.read'], 'Missing scope')
        },
      }
      assert.deepEqual(await refreshBatch(deps(h, refusing)), { taken: 2 })
      assert.equal(calls, 1)
      assert.deepEqual(await refreshBatch(deps(h, refusing)), { taken: 0 })
    }))

  it('happens once when two processes run it, and again at once after a call that was not sent', () =>
    withHarness(async (h) => {
      await h.receive(contact(h, '1', { country: 'FR' }))
      await h.apply()
      const client = h.crm.client()
      let meanwhile: { taken: number } | null = null
      const failing: CrmClient = {
        ...client,
        readRecords: async () => {
          meanwhile = await refreshBatch(deps(h, client))
          throw new CrmBusyError('Come again', 0)
        },
      }
      await assert.rejects(refreshBatch(deps(h, failing)), CrmBusyError)
      assert.deepEqual(meanwhile, { taken: 0 })
      assert.deepEqual(await refreshBatch(deps(h, client)), { taken: 1 })
      assert.deepEqual(await rowsOf(h, sql`select read_attempts from record`), [{ read_attempts: 1 }])
    }))

  it('a record that arrives after its own event is read again, and decided once it is there', () =>
    withHarness(async (h) => {
      const known = contact(h, '1', { country: 'FR', hubspot_owner_id: null })
      await h.receive({ ...known, kind: 'created', fields: {} })
      await h.apply()
      const record = h.crm.records.get('contacts/1')!
      h.crm.records.delete('contacts/1')
      const look = async () => {
        await sql`update record set read_after = now()`.execute(h.db)
        await refreshBatch(deps(h, h.crm.client()))
        await h.apply()
        await h.decide()
        return rowsOf(h, sql`select deleted, needs_read from record`)
      }
      const waiting = [{ deleted: false, needs_read: 'first-sight' }]
      for (let n = 1; n <= 3; n += 1) assert.deepEqual(await look(), waiting, `look ${n}`)
      assert.deepEqual(await openPatterns(h), [], 'nothing is decided about what nobody has seen')
      h.crm.records.set('contacts/1', record)
      assert.deepEqual(await look(), [{ deleted: false, needs_read: null }])
      assert.deepEqual(await openPatterns(h), ['no-rule'])
    }))

  it('events of a record with a gap decide nothing before the record was read', () =>
    withHarness(async (h) => {
      const owned = { hubspot_owner_id: userId(h, 'rep@x.example') }
      await h.receive(contact(h, '1', { country: 'DE', ...owned }), contact(h, '2', { country: 'DE', ...owned }))
      await h.settle()
      h.advance(60 * 60_000)
      await h.receive({ ...h.crm.change('contacts', '1', {}), kind: 'gap' })
      await h.receive(
        h.crm.change('contacts', '1', { country: null }),
        h.crm.change('contacts', '2', { country: null }),
      )
      h.crm.change('contacts', '1', { country: 'FR' }) // and the event of this is what the gap swallowed
      await h.apply()
      await h.decide()
      const subjects = async () => (await h.openExceptions()).map((e) => e.subject)
      assert.deepEqual(await subjects(), ['hubspot-1/contacts/2/country'], 'the other one is believed at once')
      await h.settle()
      assert.deepEqual(await subjects(), ['hubspot-1/contacts/2/country'])
      assert.deepEqual(
        await rowsOf(h, sql`select values->>'country' as country, needs_read from record where record_id = '1'`),
        [{ country: 'FR', needs_read: null }],
      )
    }))

  it('a storm of gaps costs a call for 200 records, never one for each', () =>
    withHarness(
      async (h) => {
        const ids = Array.from({ length: 450 }, (_, n) => `L${n}`)
        await h.receive(...ids.map((id) => h.crm.change('Lead', id, { CreatedDate: CREATED, LastName: id })))
        await h.settle()
        h.crm.calls.length = 0
        await h.receive(...ids.map((id) => ({ ...h.crm.change('Lead', id, {}), kind: 'gap' as const })))
        await h.settle()
        assert.deepEqual(
          h.crm.calls.filter((call) => call.startsWith('readRecords')),
          ['readRecords 200', 'readRecords 200', 'readRecords 50'],
        )
        assert.deepEqual(await rowsOf(h, sql`select 1 from record where needs_read is not null`), [])
      },
      { objects: [{ crm: 'salesforce', object: 'Lead' }], patterns: [] },
      'salesforce',
    ))

  it('finds a record gone although our clock is behind the CRM', () =>
    withHarness(async (h) => {
      await h.receive(contact(h, '1', { country: 'FR' }))
      await h.settle()
      await h.receive({ ...h.crm.change('contacts', '1', {}), kind: 'gap' })
      await h.apply()
      h.crm.records.delete('contacts/1')
      for (let look = 0; look < 4; look += 1) {
        await sql`update record set read_after = now()`.execute(h.db)
        await refreshBatch(deps(h, h.crm.client(), 1_000))
        await h.apply()
      }
      assert.deepEqual(await rowsOf(h, sql`select deleted, needs_read from record where record_id = '1'`), [
        { deleted: true, needs_read: null },
      ])
    }))

  for (const [where, looks] of [
    ['still in the recycle bin', 1],
    ['nowhere', 4],
  ] as const) {
    it(`stops asking about a record that was touched after its deletion and is ${where}`, () =>
      withHarness(async (h) => {
        await h.receive(contact(h, '1', { country: 'FR' }))
        await h.settle()
        const deleted = { ...h.crm.change('contacts', '1', {}), kind: 'deleted' as const }
        await h.receive(deleted)
        await h.receive(h.crm.change('contacts', '1', { country: 'DE' }))
        await h.apply()
        assert.deepEqual(await rowsOf(h, sql`select needs_read from record`), [
          { needs_read: 'changed-after-deletion' },
        ])
        let reads = 0
        const client: CrmClient = {
          ...h.crm.client(),
          async readRecords() {
            reads += 1
            if (where === 'nowhere') return { events: [], missing: ['1'] }
            return { events: [{ ...deleted, dedupeKey: 'in-the-recycle-bin', source: 'poll' }], missing: [] }
          },
        }
        for (let look = 0; look < looks + 2; look += 1) {
          await sql`update record set read_after = now() where needs_read is not null`.execute(h.db)
          await refreshBatch(deps(h, client))
          await h.apply()
        }
        assert.deepEqual(await rowsOf(h, sql`select deleted, needs_read from record`), [
          { deleted: true, needs_read: null },
        ])
        assert.equal(reads, looks)
      }))
  }

  it("dates a deletion that we found by the CRM's clock, so that a restored record is back even if our clock is ahead", () =>
    withHarness(async (h) => {
      await h.receive(contact(h, '1', { country: 'FR' }))
      await h.settle()
      const gap = { ...h.crm.change('contacts', '1', {}), kind: 'gap' as const }
      await h.receive(gap)
      await h.apply()
      const kept = h.crm.records.get('contacts/1')!
      h.crm.records.delete('contacts/1')
      const client: CrmClient = { ...h.crm.client(), clockAheadMs: () => -600_000 }
      for (let look = 0; look < 4; look += 1) {
        await sql`update record set read_after = now()`.execute(h.db)
        await refreshBatch(deps(h, client, gap.occurredAtMs + 600_000))
        await h.apply()
      }
      const state = () => rowsOf(h, sql`select deleted from record where record_id = '1'`)
      assert.deepEqual(await state(), [{ deleted: true }])
      h.crm.records.set('contacts/1', kept)
      await h.receive({ ...h.crm.change('contacts', '1', {}), kind: 'restored' })
      await h.apply()
      assert.deepEqual(await state(), [{ deleted: false }])
    }))
})
