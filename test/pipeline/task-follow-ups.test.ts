import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { setWritePermission } from '../../src/connections/lifecycle/write-permission.ts'
import type { CrmClient } from '../../src/crm/crm-client.ts'
import { actBatch } from '../../src/pipeline/act/act.ts'
import { listNotices } from '../../src/store/notices/notices.ts'
import { type Harness, routingHarnesses, TUESDAY_MS, withDecidedContacts } from './harness.ts'

const start = routingHarnesses()

type Row = { readonly kind: string; readonly outcome: string | null }

async function log(h: Harness): Promise<string[]> {
  const { rows } = await sql<Row>`
    select a.kind, w.outcome from write_attempt a left join write_answer w on w.attempt_id = a.id
    order by a.id, w.id`.execute(h.db)
  return rows.map(({ kind, outcome }) => `${kind} ${outcome}`)
}

async function intents(h: Harness): Promise<string[]> {
  const { rows } = await sql<{ kind: string; state: string }>`select kind, state from intent order by id`.execute(h.db)
  return rows.map(({ kind, state }) => `${kind} ${state}`)
}

const dueNow = (h: Harness) =>
  sql`update intent set next_attempt_at = now() where state in ('pending', 'unknown', 'sending')`.execute(h.db)

describe('the link of a task to its record', () => {
  const decided = async (ids: readonly string[] = ['1']) => {
    const h = await withDecidedContacts(start, 'FR', ids)
    h.crm.linksApart = true
    return h
  }

  it('asks the gate and is in the write log', async () => {
    const h = await decided()
    await h.act()
    assert.deepEqual(
      h.crm.calls.filter((call) => /write|link/.test(call)),
      ['writeTasks 1', 'linkTasks 1'],
    )
    assert.equal(h.crm.links.size, 1)
    assert.deepEqual(await log(h), ['task done', 'link done'])
  })

  it('is not sent when writing is turned off after its task was written', async () => {
    const h = await decided()
    const client: CrmClient = {
      ...h.crm.client(),
      writeTasks: async (tasks, gate) => {
        const outcomes = await h.crm.client().writeTasks(tasks, gate)
        await setWritePermission(h.db, h.connection.id, { allowed: false, by: 'ann@x.example', nowMs: TUESDAY_MS })
        return outcomes
      },
    }
    await actBatch({ ...h.actDependencies(), client })
    assert.equal(h.crm.openTasks().length, 1)
    assert.equal(h.crm.links.size, 0)
    await setWritePermission(h.db, h.connection.id, { allowed: true, by: 'ann@x.example', nowMs: TUESDAY_MS })
    await dueNow(h)
    await h.act()
    assert.equal(h.crm.links.size, 1)
    assert.equal(h.crm.openTasks().length, 1)
  })

  it('is made again after a lost answer, and its task is not', async () => {
    for (const fault of ['lost-after-commit', 'lost-before-commit'] as const) {
      const h = await decided()
      const client: CrmClient = {
        ...h.crm.client(),
        linkTasks: (links, gate) => {
          h.crm.faults = [fault]
          return h.crm.client().linkTasks!(links, gate)
        },
      }
      await actBatch({ ...h.actDependencies(), client })
      assert.deepEqual(await intents(h), ['task done', 'link unknown'])
      await dueNow(h)
      await h.act()
      assert.deepEqual(await intents(h), ['task done', 'link done'])
      assert.equal(h.crm.links.size, 1)
      assert.equal(h.crm.tasks.size, 1)
      assert.deepEqual(await log(h), ['task done', 'link unknown', 'link unknown', 'link done'])
    }
  })

  it('follows when the task is found by reading back', async () => {
    const h = await decided()
    h.crm.faults = ['lost-after-commit']
    await h.act()
    assert.equal(h.crm.links.size, 0)
    await dueNow(h)
    await h.act()
    await dueNow(h)
    await h.act()
    assert.equal(h.crm.tasks.size, 1)
    assert.equal(h.crm.links.size, 1)
    assert.deepEqual(await intents(h), ['task done', 'link done'])
  })

  it('leaves its task open when the record is gone', async () => {
    const h = await decided()
    h.crm.records.delete('contacts/1')
    await h.act()
    assert.deepEqual(await intents(h), ['task done', 'link cancelled'])
    assert.equal(h.crm.openTasks().length, 1)
  })
})

describe('two tasks of one case', () => {
  const doubled = async (h: Harness) => {
    const { id: _id, ...first } = [...h.crm.tasks.values()][0]!
    // Between the first answer that was lost and now, the CRM worked on a second create.
    h.crm.tasks.set('task-extra', { ...first, id: 'task-extra' })
  }
  const notices = async (h: Harness) =>
    (await listNotices(h.db, { connectionId: h.connection.id, limit: 10 })).filter(
      ({ code }) => code === 'task-doubled',
    )

  it('found at the read-back: the first stays, and the other is closed through the gate with a note', async () => {
    const h = await withDecidedContacts(start, 'FR', ['1'])
    h.crm.taskKeyEnforced = false
    h.crm.faults = ['lost-after-commit']
    await h.act()
    await doubled(h)
    await dueNow(h)
    await h.act()
    await dueNow(h)
    await h.act()
    const [kept, ...more] = h.crm.openTasks()
    assert.deepEqual(more, [])
    const extra = h.crm.tasks.get('task-extra')!
    assert.equal(extra.status, 'done')
    assert.match(
      extra.body,
      new RegExp(`^Closed automatically: this case has another task \\(${kept!.id}\\), which stays\\.`),
    )
    assert.notEqual(extra.key, kept!.key, 'it is not found by the key of the case again')
    const { rows } = await sql<{ id: string }>`select crm_task_id as id from task`.execute(h.db)
    assert.deepEqual(rows, [{ id: kept!.id }])
    assert.deepEqual(await intents(h), ['task done', 'repair done'])
    assert.ok((await log(h)).includes('repair done'))
    const [notice, ...others] = await notices(h)
    assert.deepEqual(others, [])
    assert.match(notice!.message, /^One case has two tasks in the CRM: .* closes task-extra\.$/)
    assert.notEqual(notice!.endedAt, null)
  })

  it('named by a late answer: the other is closed too, and told once', async () => {
    const h = await withDecidedContacts(start, 'FR', ['1'])
    h.crm.taskKeyEnforced = false
    const slow: CrmClient = {
      ...h.crm.client(),
      writeTasks: async (tasks, gate) => {
        const outcomes = await h.crm.client().writeTasks(tasks, gate)
        // Overtaken by a worker that cannot see this task, and creates another.
        await sql`update intent set next_attempt_at = now(), lease_until = now()`.execute(h.db)
        const blind = { ...h.crm.client(), findTasks: async () => new Map() }
        await actBatch({ ...h.actDependencies(), client: blind })
        return outcomes
      },
    }
    await actBatch({ ...h.actDependencies('slow'), client: slow })
    assert.equal(h.crm.tasks.size, 2)
    for (let round = 0; round < 3; round += 1) {
      await dueNow(h)
      await h.act()
    }
    assert.equal(h.crm.openTasks().length, 1)
    const { rows } = await sql<{ id: string }>`select crm_task_id as id from task`.execute(h.db)
    assert.equal(h.crm.openTasks()[0]!.id, rows[0]!.id)
    assert.equal((await notices(h)).length, 1)
  })

  it('stays a notice for an admin when the CRM refuses to close one', async () => {
    const h = await withDecidedContacts(start, 'FR', ['1'])
    h.crm.taskKeyEnforced = false
    h.crm.faults = ['lost-after-commit']
    await h.act()
    await doubled(h)
    await dueNow(h)
    const client: CrmClient = {
      ...h.crm.client(),
      writeTasks: async (tasks, gate) => {
        if (tasks.some(({ taskId }) => taskId === 'task-extra')) h.crm.faults = ['refused']
        return h.crm.client().writeTasks(tasks, gate)
      },
    }
    await actBatch({ ...h.actDependencies(), client })
    assert.ok((await intents(h)).includes('repair refused'))
    const [notice] = await notices(h)
    assert.equal(notice!.endedAt, null)
    assert.equal(notice!.remedy, 'Close task task-extra yourself if it stays open.')
    assert.equal(h.crm.openTasks().length, 2)
  })
})
