import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import { decideBatch } from '../../src/pipeline/decide-changes.ts'
import { letWrite, readingOnly } from '../../src/pipeline/writing.ts'
import { verifyLedger } from '../../src/store/verify-ledger.ts'
import { mayWrite } from '../../src/store/writing.ts'
import { contactPolicy, type Harness, pipelineHarness, staff, TUESDAY_MS } from './harness.ts'

describe('a connection that a person has just made', () => {
  const opened: Harness[] = []
  after(() => Promise.all(opened.map((h) => h.stop())))

  async function start(): Promise<Harness> {
    const h = await pipelineHarness((fake) => {
      staff(fake)
      return [contactPolicy({ patterns: [{ pattern: 'missing-field', fields: ['country'], graceMinutes: 0 }] })]
    })
    opened.push(h)
    return h
  }
  const asWorkersDecide = async (h: Harness) => {
    const workflows = async () =>
      (await mayWrite(h.db, h.connection.id)) ? h.workflows() : readingOnly(await h.workflows())
    while ((await decideBatch(h.connection, { db: h.db, workflows, nowMs: () => TUESDAY_MS })).taken > 0);
  }
  const n = async (h: Harness, table: 'exception' | 'task' | 'intent') =>
    (await sql<{ n: number }>`select count(*)::int as n from ${sql.table(table)}`.execute(h.db)).rows[0]!.n

  it('shows its cases and writes nothing, until that person lets it; then each case has its task', async () => {
    const h = await start()
    const owner = h.crm.users.find(({ email }) => email === 'rep@x.example')!.userId
    await h.receive(
      h.crm.change('contacts', '1', {
        createdate: '2026-11-20T08:00:00.000Z',
        email: 'a@b.example',
        hubspot_owner_id: owner,
      }),
    )
    await h.apply()
    await h.refresh()
    await asWorkersDecide(h)
    assert.deepEqual([await n(h, 'exception'), await n(h, 'task'), await n(h, 'intent')], [1, 0, 0])

    await letWrite(h.db, h.connection.id, { allowed: true, by: 'ann@x.example', nowMs: TUESDAY_MS })
    await asWorkersDecide(h)
    assert.deepEqual([await n(h, 'exception'), await n(h, 'task')], [1, 1])
    assert.ok((await n(h, 'intent')) > 0)

    const said = sql<{ kind: string; actor: string }>`select kind, actor from ledger where subject = ${h.connection.id}`
    assert.deepEqual((await said.execute(h.db)).rows.at(-1), { kind: 'writing-allowed', actor: 'ann@x.example' })
    assert.equal((await verifyLedger(h.db)).ok, true)
  })

  it('is let write once, however often it is said', async () => {
    const h = await start()
    for (let i = 0; i < 2; i += 1) {
      await letWrite(h.db, h.connection.id, { allowed: true, by: 'ann@x.example', nowMs: TUESDAY_MS })
    }
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from ledger where kind = 'writing-allowed'`.execute(h.db)
    assert.equal(rows[0]!.n, 1)
  })
})
