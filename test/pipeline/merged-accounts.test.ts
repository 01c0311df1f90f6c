import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { FieldText } from '../../src/model/record/change-event.ts'
import { contactPolicy, type Harness, pipelineHarness, staff } from './harness.ts'

const MADE = { createdate: '2026-01-01T00:00:00.000Z' }
const base = contactPolicy()

describe('an account that was merged', () => {
  const started: Harness[] = []
  after(() => Promise.all(started.map((h) => h.stop())))

  /** A rule settles what belongs to somebody who left, unless it is of a customer or of open money. */
  const start = async () => {
    const h = await pipelineHarness((crm) => {
      staff(crm)
      return [contactPolicy({ boundary: [{ ...base.boundary[0]!, settles: ['orphaned-owner'] }] })]
    })
    started.push(h)
    const left = h.crm.person('left@x.example', { active: false })
    await h.people()
    const made = async (objectType: string, id: string, fields: Record<string, FieldText>) => {
      await h.receive({ ...h.crm.change(objectType, id, { ...MADE, ...fields }), complete: true })
      await h.apply()
    }
    return {
      ...h,
      left,
      owner: () => h.crm.records.get('contacts/1')?.hubspot_owner_id,
      company: (id: string, lifecyclestage: string) =>
        made('companies', id, { name: `Company ${id}`, lifecyclestage, hubspot_owner_id: null }),
      contactOf: (company: string) =>
        made('contacts', '1', {
          lifecyclestage: 'lead',
          hubspot_owner_id: left,
          country: 'DE',
          associatedcompanyid: company,
        }),
      deal: (id: string, company: string, amount: string) =>
        made('deals', id, {
          amount,
          hs_is_closed: 'false',
          hs_primary_associated_company: company,
          hubspot_owner_id: null,
        }),
      /** What hangs off the loser still names it: HubSpot moves that a moment later. */
      async merge(into: string, from: string) {
        const event = h.crm.change('companies', into, {})
        h.crm.records.delete(`companies/${from}`)
        await h.receive({ ...event, kind: 'merged', mergedIds: [from], dedupeKey: `merge of ${from}` })
        await h.apply()
        await h.refresh()
      },
      async cases() {
        const { rows } = await sql<{
          one: string
        }>`select pattern || ' ' || class || ' ' || status as one from exception
          where status <> 'resolved' order by 1`.execute(h.db)
        return rows.map(({ one }) => one)
      },
    }
  }

  for (const [what, chain] of [
    ['once', ['502']],
    ['twice', ['502', '503']],
    ['three times', ['502', '503', '504']],
  ] as const) {
    it(`part of M15: ${what} is judged by the last survivor: a customer's contact is given to nobody`, async () => {
      const h = await start()
      const ids = ['501', ...chain]
      for (const id of ids) await h.company(id, id === ids.at(-1) ? 'customer' : 'lead')
      for (const [n, into] of chain.entries()) await h.merge(into, ids[n]!)
      await h.contactOf('501')
      await h.settle()
      assert.equal(h.owner(), h.left)
      assert.deepEqual(await h.cases(), ['orphaned-owner customer-facing open'])
    })
  }

  it('part of M15: still has its open deals after two merges, before HubSpot has moved them', async () => {
    const h = await start()
    for (const id of ['501', '502', '503']) await h.company(id, 'lead')
    await h.deal('9', '501', '90000')
    await h.merge('502', '501')
    await h.merge('503', '502')
    await h.contactOf('503')
    await h.settle()
    assert.equal(h.owner(), h.left)
    assert.deepEqual(await h.cases(), ['orphaned-owner revenue-impacting open'])
  })

  it('has its contacts decided again when its last survivor becomes a customer', async () => {
    const h = await start()
    for (const id of ['501', '502', '503']) await h.company(id, 'lead')
    await h.merge('502', '501')
    await h.merge('503', '502')
    await h.contactOf('501')
    await h.decide()
    await h.receive(h.crm.change('companies', '503', { lifecyclestage: 'customer' }))
    await h.apply()
    const { rows } =
      await sql`select record_id from record where dirty_since is not null and object_type = 'contacts'`.execute(h.db)
    assert.deepEqual(rows, [{ record_id: '1' }])
  })
})
