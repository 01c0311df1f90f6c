import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import { TUESDAY_MS } from '../harness.ts'
import { type Compared, compared, DAY } from './comparison-harness.ts'

describe('the comparison and a record that the CRM does not show us', () => {
  const started: Compared[] = []
  after(() => Promise.all(started.map((t) => t.stop())))

  const leads = async () => {
    const t = await compared('salesforce')
    started.push(t)
    for (const id of ['1', '2', '3']) {
      t.crm.put('Lead', id, { country: 'DE', firstname: id, lastmodifieddate: null }, TUESDAY_MS - DAY)
    }
    await t.baseline()
    const states = async () =>
      (
        await sql<{ is: string }>`
          select record_id || case when deleted then ' deleted' when unseen_since is not null then ' unseen' else '' end as is
          from record where object_type = 'Lead' order by 1`.execute(t.db)
      ).rows.map(({ is }) => is)
    return { ...t, states }
  }

  it('a record that no page shows is neither swept away as deleted nor out of sync for ever', async () => {
    const t = await leads()
    t.crm.remove('Lead', '2')
    await t.compare('clock', 'full')
    await t.resolveRereads()
    assert.deepEqual(await t.states(), ['1', '2 unseen', '3'])
    assert.deepEqual(await t.out(), [])
    const reads = t.crm.calls.length
    await t.compare('clock', 'full')
    await t.resolveRereads()
    assert.deepEqual(await t.out(), [], 'it is expected to be missing there')
    assert.deepEqual(await t.states(), ['1', '2 unseen', '3'])
    assert.ok(t.crm.calls.length - reads <= 4, 'and is not read again for it')
    assert.deepEqual(
      (await t.days('Lead')).map((day) => day.slice(-8)),
      ['2/2 same'],
    )
  })

  it('finds it when it is shown again, although nothing in it changed', async () => {
    const t = await leads()
    t.crm.remove('Lead', '2')
    await t.compare('clock', 'full')
    await t.resolveRereads()
    t.crm.put('Lead', '2', { country: 'DE', firstname: '2', lastmodifieddate: null }, TUESDAY_MS - DAY)
    await t.compare('clock', 'full')
    await t.resolveRereads()
    assert.deepEqual(await t.states(), ['1', '2', '3'])
    assert.deepEqual(await t.out(), [])
  })
})
