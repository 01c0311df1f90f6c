import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import { type CrmClient, CrmRefusedError } from '../../../src/crm/crm-client.ts'
import type { Crm, FieldText } from '../../../src/model/record/change-event.ts'
import { eraseVanished } from '../../../src/pipeline/read/erase-vanished.ts'
import { refreshBatch } from '../../../src/pipeline/read/refresh.ts'
import { verifyLedger } from '../../../src/store/ledger/verify-ledger.ts'
import { listNotices } from '../../../src/store/notices/notices.ts'
import { contactPolicy, type Harness, pipelineHarness, staff, TUESDAY_MS } from '../harness.ts'

const CREATED = '2026-11-20T08:00:00.000Z'

describe('part of promise 19: a person whom the CRM has no more and of whom nobody told', () => {
  const started: Harness[] = []
  after(() => Promise.all(started.map((harness) => harness.stop())))

  /** A contact with an open case is gone from the CRM, and that was found out by looking often enough. */
  async function foundGone(crm: Crm = 'hubspot') {
    const object = crm === 'hubspot' ? 'contacts' : 'Lead'
    const h = await pipelineHarness((fake) => {
      staff(fake)
      return [contactPolicy({ objects: [{ crm, object }] })]
    }, crm)
    started.push(h)
    const fields: Record<string, FieldText> =
      crm === 'hubspot'
        ? { createdate: CREATED, firstname: 'Zorro', country: 'FR', hubspot_owner_id: null }
        : { CreatedDate: CREATED, FirstName: 'Zorro', Country: 'FR', OwnerId: null }
    await h.receive(h.crm.change(object, '1', fields))
    await h.settle()
    const kept = h.crm.records.get(`${object}/1`)!
    await h.receive({ ...h.crm.change(object, '1', {}), kind: 'gap' })
    await h.apply()
    h.crm.records.delete(`${object}/1`)
    const deps = {
      db: h.db,
      client: h.crm.client(),
      connection: { ...h.connection, title: 'HubSpot account 1' },
      fieldsOf: () => ({ fields: [], historyFields: [] }),
      nowMs: () => TUESDAY_MS + 3_600_000,
    }
    for (let look = 0; look < 4; look += 1) {
      await sql`update record set read_after = now()`.execute(h.db)
      await refreshBatch(deps)
      await h.apply()
    }
    await h.settle()
    return { h, deps, kept, object }
  }
  const laterThanAnHour = (h: Harness) =>
    sql`update vanished_record set found_at = found_at - interval '61 minutes'`.execute(h.db)
  const kept = async (h: Harness) => {
    const { rows } = await sql<{
      deleted: boolean
      text: string
    }>`select deleted, values::text as text from record`.execute(h.db)
    return { deleted: rows[0]!.deleted, values: /Zorro/.test(rows[0]!.text) }
  }
  const waiting = async (h: Harness) => (await sql`select 1 from vanished_record`.execute(h.db)).rows.length

  it('counts as deleted at once, and is erased when it is still gone an hour later', async () => {
    const { h, deps } = await foundGone()
    assert.deepEqual(await kept(h), { deleted: true, values: true })
    assert.equal(await eraseVanished(deps), 0, 'not within the hour')
    await laterThanAnHour(h)
    assert.equal(await eraseVanished(deps), 1)
    await h.settle()
    assert.deepEqual(await kept(h), { deleted: true, values: false })
    const { rows } = await sql`
      select 'change_event' as left_in from change_event e where e.fields::text like '%Zorro%'
      union all select 'exception' from exception e where e::text like '%Zorro%'
      union all select 'ledger' from ledger l where l.body like '%Zorro%'`.execute(h.db)
    assert.deepEqual(rows, [])
    assert.equal((await verifyLedger(h.db)).firstBad, undefined)
    const [notice] = await listNotices(h.db, { connectionId: h.connection.id, limit: 10 })
    assert.match(
      notice!.message,
      /^A contact is gone from HubSpot account 1, also from its recycle bin, and it sent no event\./,
    )
    assert.equal(await eraseVanished(deps), 0)
  })

  it('is left alone when it is there again by then: the CRM was not itself', async () => {
    const { h, deps, kept: record } = await foundGone()
    await laterThanAnHour(h)
    h.crm.records.set('contacts/1', record)
    assert.equal(await eraseVanished(deps), 0)
    assert.deepEqual([await waiting(h), (await kept(h)).values], [0, true])
  })

  it('stays for another look while the object may not be read', async () => {
    const { h, deps } = await foundGone()
    await laterThanAnHour(h)
    const client: CrmClient = {
      ...deps.client,
      readRecords: async () => {
        throw new CrmRefusedError('not for you', 'FORBIDDEN', 403)
      },
    }
    assert.equal(await eraseVanished({ ...deps, client }), 0)
    assert.deepEqual([await waiting(h), (await kept(h)).values], [1, true])
  })

  it('of Salesforce is neither erased nor deleted: it may only be hidden from our user', async () => {
    const { h } = await foundGone('salesforce')
    assert.deepEqual(await kept(h), { deleted: false, values: true })
    assert.equal(await waiting(h), 0)
  })
})
