import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import { type CrmClient, CrmRefusedError } from '../../../src/crm/crm-client.ts'
import { HubSpotScopeMissing } from '../../../src/crm/hubspot/http/errors.ts'
import { recheckRereads, rereadDifferences } from '../../../src/pipeline/compare/recheck-differences.ts'
import { readComparison } from '../../../src/store/compare/comparisons.ts'
import { isRereading } from '../../../src/store/compare/differences.ts'
import { TUESDAY_MS } from '../harness.ts'
import { type Compared, compared, DAY } from './comparison-harness.ts'

const refusals = [
  ['a refusal', () => new CrmRefusedError('no access', 'INVALID_TYPE', 400)],
  ['a missing scope', () => new HubSpotScopeMissing('read companies', 'Add it.', ['companies.read'], '')],
] as const

describe('an object that the CRM refuses to show', () => {
  const started: Compared[] = []
  after(() => Promise.all(started.map((harness) => harness.stop())))

  /** A company and a contact that differ from the CRM's. */
  async function two(): Promise<Compared> {
    const t = await compared('hubspot')
    started.push(t)
    for (const object of ['companies', 'contacts']) t.crm.put(object, '1', { country: 'DE' }, TUESDAY_MS - DAY)
    await t.baseline()
    for (const object of ['companies', 'contacts']) t.crm.put(object, '1', { country: 'FR' }, TUESDAY_MS - DAY)
    return t
  }

  function refusing(t: Compared, verb: 'readRecords' | 'changedSince', error: () => Error): CrmClient {
    const client = t.crm.client()
    const refuse = async (wanted: { readonly objectType: string }) => {
      if (wanted.objectType === 'companies') throw error()
      return client[verb](wanted as never)
    }
    return { ...client, [verb]: refuse }
  }

  async function refused(t: Compared) {
    const { rows } = await sql<{ detail: string; n: number }>`
      select detail, n from counter where name = 'comparison-refused'`.execute(t.db)
    return rows.map((row) => `${row.detail} ${row.n}`)
  }

  for (const [name, error] of refusals) {
    it(`at the second look, by ${name}, is left as it was, and the others are compared`, async () => {
      const t = await two()
      await t.compare()
      t.crm.put('contacts', '1', { country: 'DE' }, TUESDAY_MS - DAY)
      assert.equal(await t.compare('person', 'full', { client: refusing(t, 'readRecords', error) }), 'done')
      assert.deepEqual(await t.out(), ['companies/1 different'])
      assert.equal((await readComparison(t.db, t.connection.id))?.state, 'idle')
      assert.equal((await refused(t)).length, 1)
      const { rows } = await sql`select 1 from difference where is_pending`.execute(t.db)
      assert.equal(rows.length, 0)
    })

    it(`when it is read again, by ${name}, holds up no other object, and nobody goes on asking`, async () => {
      const t = await two()
      await t.compare()
      const client = refusing(t, 'readRecords', error)
      assert.equal(await rereadDifferences(t.db, t.connection.id, {}), 2)
      await t.resolveRereads({ client })
      assert.deepEqual(await t.out(), ['companies/1 different'])
      assert.equal(await isRereading(t.db, t.connection.id), false)
      assert.equal(await recheckRereads(t.deps({ client })), false)
      assert.match((await t.noticed())?.message ?? '', /1 company/)
    })
  }

  it('in its pages while it is read again leaves nothing that waits for ever', async () => {
    const t = await two()
    for (let n = 2; n <= 7; n += 1) t.crm.put('companies', String(n), { country: 'DE' }, TUESDAY_MS)
    await t.compare()
    assert.equal(await rereadDifferences(t.db, t.connection.id, {}), 8)
    const client = t.crm.client()
    let pages = 0
    const changedSince: CrmClient['changedSince'] = async (wanted) => {
      pages += 1
      if (pages === 2) throw new CrmRefusedError('no access', 'INVALID_TYPE', 400)
      return client.changedSince(wanted)
    }
    await t.compare('person', 'full', { client: { ...client, changedSince } })
    await t.resolveRereads()
    assert.equal(await isRereading(t.db, t.connection.id), false)
  })
})
