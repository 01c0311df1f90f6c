import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { refKey } from '../../src/model/record/crm-record.ts'
import { readNeighbours } from '../../src/store/records/neighbours.ts'
import { readRecordsById } from '../../src/store/records/read-records.ts'
import type { NeighbourQuery } from '../../src/store/records/record-accounts.ts'
import { saveRefusal } from '../../src/store/records/unreadable-objects.ts'
import { contactPolicy, pipelineHarness, staff } from './harness.ts'

describe('deals that the CRM refuses to show', () => {
  it('are known to be hidden at the account that may have some, and nowhere else', async () => {
    const h = await pipelineHarness((fake) => {
      staff(fake)
      return [contactPolicy()]
    })
    try {
      await h.receive(
        h.crm.change('companies', '7', {
          createdate: '2026-11-20T08:00:00.000Z',
          name: 'Acme',
          domain: 'acme.example',
        }),
        h.crm.change('contacts', '1', { createdate: '2026-11-20T08:00:00.000Z', email: 'a@elsewhere.example' }),
      )
      await h.apply()
      await h.refresh()
      const { id } = h.connection
      const refs = [
        { objectType: 'companies', recordId: '7' },
        { objectType: 'contacts', recordId: '1' },
      ]
      const records = await readRecordsById(h.db, id, refs)
      const queries = [...records.values()].map(
        (record): NeighbourQuery => ({
          record,
          keys: [],
          account: null,
          accountKey: null,
          domain: null,
          isAccount: record.objectType === 'companies',
          dealObject: 'deals',
        }),
      )
      const hidden = async () => {
        const neighbours = await readNeighbours(h.db, id, queries)
        return queries.map(({ record }) => neighbours.get(refKey(record))?.dealsUnknown !== undefined)
      }
      const before = await hidden()
      await saveRefusal(h.db, id, 'deals', ['amount'])
      const isCompany = queries.map(({ isAccount }) => isAccount)
      assert.deepEqual([before, await hidden()], [[false, false], isCompany])
    } finally {
      await h.stop()
    }
  })
})
