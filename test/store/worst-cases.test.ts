import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { type RawBuilder, sql } from 'kysely'
import { readWorstCases } from '../../src/store/surface/worst-cases.ts'
import { CREATED } from '../pipeline/contacts.ts'
import { type Harness, routingHarnesses } from '../pipeline/harness.ts'

describe('the open pipeline of a case without a linked account', () => {
  const start = routingHarnesses()
  let h: Harness
  // A contact with a case, and an account of its domain with a deal.
  before(async () => {
    h = await start()
    const deal = { createdate: CREATED, hs_primary_associated_company: 'a', amount: '60000', hs_is_closed: 'false' }
    await h.receive(
      h.crm.change('companies', 'a', { createdate: CREATED, name: 'Acme', domain: 'acme.de' }),
      h.crm.change('deals', 'd', deal),
      h.crm.change('contacts', '1', {
        createdate: CREATED,
        email: 'ann@acme.de',
        country: null,
        hubspot_owner_id: null,
      }),
    )
    await h.settle()
  })
  /** The different sums, of at least one case. */
  const money = async () => {
    const worst = await h.db.transaction().execute((trx) => readWorstCases(trx, () => null))
    assert.ok(worst.length > 0, 'there is a case')
    return [...new Set(worst.map(({ openPipeline }) => openPipeline))]
  }

  it('is that of the only account of its domain', async () => {
    assert.deepEqual(await money(), [60_000])
  })

  for (const [what, column, hidden] of [
    ['cannot be seen', 'unseen_since', sql`now()`],
    ['was never read', 'needs_read', sql`'first-sight'`],
  ] as const) {
    it(`is not known where that account, or another of the domain, ${what}`, async () => {
      const set = (to: RawBuilder<unknown>) =>
        sql`update record set ${sql.ref(column)} = ${to} where object_type = 'companies'`.execute(h.db)
      await set(hidden)
      assert.deepEqual(await money(), [null])
      await set(sql`null`)
    })
  }

  // The last one, because from here on no connection is compared with.
  it('comes from no connection that is not among those that are compared with', async () => {
    assert.deepEqual(await money(), [60_000])
    await sql`update connection set joined_at = null`.execute(h.db)
    assert.deepEqual(await money(), [null])
  })
})
