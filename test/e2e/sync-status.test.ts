import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import type { SyncStatusReply } from '../../src/api/sync-status/sync-status-types.ts'
import { adminLink } from '../support/people.ts'
import { startTestStack, type TestStack } from './stack.ts'

/** The whole product: a person presses the buttons, the workers do it. */
describe('the ledger of events of the running product', { timeout: 600_000 }, () => {
  let test: TestStack
  let cookie: string

  before(async () => {
    test = await startTestStack()
    const link = new URL(await adminLink(test.db, test.url))
    const reply = await call('POST', '/api/session', { link: link.hash.slice(1) })
    cookie = reply.headers.get('set-cookie')!.split(';')[0]!
  })
  after(() => test?.stop())

  async function call(method: string, path: string, body?: object): Promise<Response> {
    const response = await fetch(new URL(path, test.url), {
      method,
      headers: {
        origin: new URL(test.url).origin,
        'content-type': 'application/json',
        ...(cookie === undefined ? {} : { cookie }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.clone().text()}`)
    return response
  }
  const idOf = async (crm: string) =>
    (await sql<{ id: string }>`select id from connection where crm = ${crm}`.execute(test.db)).rows[0]!.id
  async function ledger(crm: string): Promise<SyncStatusReply> {
    const path = `/api/console/connections/${await idOf(crm)}/sync-status`
    return (await (await call('GET', path)).json()) as SyncStatusReply
  }
  async function until(what: string, is: () => Promise<boolean>): Promise<void> {
    const givesUpAt = Date.now() + 180_000
    while (!(await is())) {
      if (Date.now() > givesUpAt) throw new Error(`Not within three minutes: ${what}`)
      await wait(500)
    }
  }

  it('adds up for both CRMs, and every record is in step after the first comparison', async () => {
    for (const crm of ['hubspot', 'salesforce']) {
      await until(`the import of ${crm}`, async () => {
        const { rows } = await sql<{ done: boolean }>`
          select (baseline->>'done')::boolean as done from connection where crm = ${crm}`.execute(test.db)
        return rows[0]?.done === true && (await ledger(crm)).total.waiting === 0
      })
      await call('POST', `/api/console/connections/${await idOf(crm)}/comparison`, {})
    }
    for (const crm of ['hubspot', 'salesforce']) {
      await until(`the comparison of ${crm}`, async () => {
        const { check } = await ledger(crm)
        return check.state === 'idle' && check.lastFullAt !== null
      })
      const { total, differences, records, objects } = await ledger(crm)
      assert.deepEqual([differences, records], [0, []])
      assert.equal(total.received, total.applied + total.skipped + total.failed + total.waiting)
      const { rows } = await sql<{ n: number }>`
        select count(*)::int as n from change_event where connection_id = ${await idOf(crm)}`.execute(test.db)
      // More may have come between the two questions.
      assert.ok(total.received > 0 && total.received <= rows[0]!.n)
      for (const object of objects.filter(({ days }) => days.length > 0))
        assert.equal(object.crmStated, object.ourCount)
    }
  })

  it('finds a purged lead of which nobody told, and the number falls when it is read again', async () => {
    const { rows } = await sql<{ id: string }>`
      select record_id as id from record where object_type = 'Lead' and not deleted and merged_into is null
        and values->>'IsConverted' = 'false' order by record_id limit 1`.execute(test.db)
    const lead = rows[0]!.id
    await test.salesforce.post('actions', { action: 'purge', recordId: lead })
    await call('POST', `/api/console/connections/${await idOf('salesforce')}/comparison`, {})
    await until('the lead is a number', async () => (await ledger('salesforce')).differences === 1)
    const { records } = await ledger('salesforce')
    assert.deepEqual(
      records.map(({ recordId, why }) => [recordId, why]),
      [[lead, 'extra']],
    )
    await until('the comparison is over', async () => (await ledger('salesforce')).check.state === 'idle')
    const asked = Date.now()
    await call('POST', `/api/console/connections/${await idOf('salesforce')}/reread`, {})
    await until('nothing is out of step', async () => (await ledger('salesforce')).differences === 0)
    // Four looks, since a read right after an event can be early: 1, 4 and 16 s apart.
    assert.ok(Date.now() - asked < 90_000)
    // Salesforce's delete log ends with the last full minute, so until then it is only not visible.
    await until('the delete log says that it is gone', async () => {
      const { rows: gone } = await sql<{ deleted: boolean }>`
        select deleted from record where object_type = 'Lead' and record_id = ${lead}`.execute(test.db)
      return gone[0]?.deleted === true
    })
  })
})
