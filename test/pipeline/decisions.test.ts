import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { type RawBuilder, sql } from 'kysely'
import pg from 'pg'
import type { Policy } from '../../src/model/policy/policy.ts'
import type { FieldText } from '../../src/model/record/change-event.ts'
import { decideBatch } from '../../src/pipeline/decide-changes.ts'
import { contactPolicy, type Harness, pipelineHarness, staff, TUESDAY_MS } from './harness.ts'

const CREATED = '2026-11-20T08:00:00.000Z'

describe('decisions that meet each other, people and policies that go', () => {
  const started: Harness[] = []
  const startWith = async (...policies: Policy[]) => {
    const harness = await pipelineHarness((crm) => {
      staff(crm)
      return policies
    })
    started.push(harness)
    return harness
  }
  const start = (change: Partial<Policy> = {}) => startWith(contactPolicy(change))
  after(() => Promise.all(started.map((harness) => harness.stop())))

  const contact = (h: Harness, id: string, fields: Record<string, FieldText>) =>
    h.crm.change('contacts', id, { createdate: CREATED, ...fields })
  const userId = (h: Harness, email: string) => h.crm.users.find((user) => user.email === email)!.userId
  const rowsOf = async <T>(h: Harness, query: RawBuilder<T>) => (await query.execute(h.db)).rows
  const decideOnce = (h: Harness) =>
    decideBatch(h.connection, { db: h.db, workflows: h.workflows, nowMs: () => TUESDAY_MS })

  /** Transactions stop at the ledger's head, with all their other rows written, until the returned function is called. */
  const holdLedger = async (h: Harness) => {
    const client = new pg.Client({ connectionString: h.url })
    await client.connect()
    await client.query('begin')
    await client.query('select * from ledger_head for update')
    return async () => {
      await client.query('commit')
      await client.end()
    }
  }
  const untilBlocked = async (h: Harness, n: number) => {
    for (const end = Date.now() + 5_000; Date.now() < end; await wait(10)) {
      const [row] = await rowsOf(
        h,
        sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`,
      )
      if (row!.n >= n) return
    }
    throw new Error(`No ${n} transactions came to wait for a lock`)
  }

  it('keeps a task open when one decision adds a case while another resolves the last one', async () => {
    const h = await start()
    const left = h.crm.person('left@x.example', { active: false })
    await h.people()
    const rep = userId(h, 'rep@x.example')
    await h.receive(
      contact(h, '1', { country: 'DE', hubspot_owner_id: left }),
      contact(h, '2', { country: 'DE', hubspot_owner_id: rep }),
    )
    await h.settle()
    await h.receive(h.crm.change('contacts', '2', { hubspot_owner_id: left }))
    await h.apply()
    const release = await holdLedger(h)
    const adds = decideOnce(h)
    await untilBlocked(h, 1)
    await h.receive(h.crm.change('contacts', '1', { hubspot_owner_id: rep }))
    await h.apply()
    const resolves = decideOnce(h)
    await untilBlocked(h, 2)
    await release()
    await Promise.all([adds, resolves])
    await h.settle()
    const open = await rowsOf(
      h,
      sql<{ record_id: string; status: string }>`
        select e.record_id, t.status from exception e join task t on t.id = e.task_id where e.status = 'open'`,
    )
    assert.deepEqual(open, [{ record_id: '2', status: 'open' }])
    assert.equal(h.crm.openTasks().length, 1)
  })

  it('gives an open case whose task was closed under it a new task', async () => {
    const h = await start()
    await h.receive(contact(h, '1', { firstname: 'Ann', country: 'FR', hubspot_owner_id: null }))
    await h.settle()
    await sql`update task set status = 'done'`.execute(h.db)
    await h.receive(h.crm.change('contacts', '1', { firstname: 'Anna' }))
    await h.settle()
    const [row] = await rowsOf(
      h,
      sql<{ status: string }>`select t.status from exception e join task t on t.id = e.task_id where e.status = 'open'`,
    )
    assert.equal(row?.status, 'open')
  })
})
