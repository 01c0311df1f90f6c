import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { closeWork } from '../../src/connections/lifecycle/close-work.ts'
import { verifyClosedTasks } from '../../src/pipeline/verify/verify-closed-tasks.ts'
import { markDisconnected } from '../../src/store/lifecycle/end-connection.ts'
import { contactPolicy, type Harness, pipelineHarness, TUESDAY_MS } from './harness.ts'

const CREATED = '2026-11-20T08:00:00.000Z'

/** Seven contacts that a person decides, each with a task of its own. */
async function withTasks(work: (h: Harness) => Promise<void>): Promise<void> {
  const h = await pipelineHarness((crm) => {
    for (const email of [...Object.keys(contactPolicy().owners.accepted), 'rep@x.example']) crm.person(email)
    return [contactPolicy({ boundary: [{ ...contactPolicy().boundary[0]!, mode: 'review', rules: [] }] })]
  })
  try {
    for (let n = 1; n <= 7; n += 1) {
      const fields = { createdate: CREATED, firstname: 'Ann', country: 'DE', hubspot_owner_id: null }
      await h.receive(h.crm.change('contacts', String(n), fields))
    }
    h.advance(60 * 60_000)
    await h.settle()
    assert.equal(h.crm.openTasks().length, 7)
    await work(h)
  } finally {
    await h.stop()
  }
}

const few = { tasksAtOnce: 2, casesAtOnce: 3 }

describe('many tasks that are closed at once', () => {
  it('are checked and reopened in batches, each task once', () =>
    withTasks(async (h) => {
      for (const task of h.crm.openTasks()) await h.closeTask(task.id)
      await h.apply()
      const asked = await verifyClosedTasks(h.db, h.connection.id, TUESDAY_MS, few)
      assert.deepEqual(asked, { toRead: true, reopened: 0, leftClosed: 0 })
      const { rows: waiting } = await sql<{ n: number }>`
        select count(*)::int as n from record where object_type = 'contacts' and needs_read = 'task-closed'`.execute(
        h.db,
      )
      assert.equal(waiting[0]!.n, 7)
      await h.refresh()
      await h.decide()
      assert.equal((await verifyClosedTasks(h.db, h.connection.id, TUESDAY_MS, few)).reopened, 7)
      assert.equal((await verifyClosedTasks(h.db, h.connection.id, TUESDAY_MS, few)).reopened, 0)
    }))

  it('are all cases of one task, and it is believed only when the last of them was read', () =>
    withTasks(async (h) => {
      await sql`update exception set task_id = (select min(task_id) from exception)`.execute(h.db)
      const [task] = (await sql<{ crm: string }>`select crm_task_id as crm from task order by id limit 1`.execute(h.db))
        .rows
      await h.closeTask(task!.crm)
      await h.apply()
      await verifyClosedTasks(h.db, h.connection.id, TUESDAY_MS, few)
      const { rows: waiting } = await sql<{ id: string }>`
        select record_id as id from record where object_type = 'contacts' and needs_read = 'task-closed' order by 1`.execute(
        h.db,
      )
      assert.equal(waiting.length, 7)
      await h.refresh()
      await h.decide()
      await sql`update record set needs_read = 'task-closed' where object_type = 'contacts' and record_id = '7'`.execute(
        h.db,
      )
      assert.equal((await verifyClosedTasks(h.db, h.connection.id, TUESDAY_MS, few)).reopened, 0)
      await sql`update record set needs_read = null where object_type = 'contacts'`.execute(h.db)
      assert.equal((await verifyClosedTasks(h.db, h.connection.id, TUESDAY_MS, few)).reopened, 1)
    }))

  it('are closed in batches with their cases when the connection ends, each case in the ledger, by whom it was ended', () =>
    withTasks(async (h) => {
      await markDisconnected(h.db, h.connection.id, { reason: 'Ended by test.', by: 'console:me' })
      const deps = { db: h.db, nowMs: () => TUESDAY_MS } as Parameters<typeof closeWork>[0]
      await closeWork(deps, h.connection.id, 2)
      const { rows } = await sql<{ cases: number; tasks: number; entries: number }>`select
        (select count(*)::int from exception where status = 'open') as cases,
        (select count(*)::int from task where status = 'open') as tasks,
        (select count(*)::int from ledger where kind = 'exception-resolved' and actor = 'console:me') as entries`.execute(
        h.db,
      )
      assert.deepEqual(rows, [{ cases: 0, tasks: 0, entries: 7 }])
    }))
})
