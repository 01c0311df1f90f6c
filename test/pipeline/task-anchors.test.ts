import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Policy } from '../../src/model/policy/policy.ts'
import type { Crm } from '../../src/model/record/change-event.ts'
import type { FakeTask } from './fake-crm.ts'
import { contactPolicy, type Harness, pipelineHarness, staff } from './harness.ts'

/** What differs between the CRMs: the object, and which fields of it the policy reads. */
const PLACES = {
  hubspot: { object: 'contacts', owner: 'hubspot_owner_id', name: 'firstname', country: 'country', task: 'tasks' },
  salesforce: { object: 'Lead', owner: 'OwnerId', name: 'LastName', country: 'Country', task: 'Task' },
} as const

function policyOf(crm: Crm): Policy {
  const { object, country } = PLACES[crm as keyof typeof PLACES]
  const [branch] = contactPolicy().boundary
  const rules = [
    { id: 'de', when: [{ field: country, op: 'in', values: ['DE'] }], owner: 'rep@x.example', because: 'x' },
  ]
  return contactPolicy({
    objects: [{ crm, object }],
    patterns: [
      { pattern: 'missing-field', fields: [country], graceMinutes: 30 },
      { pattern: 'orphaned-owner', blankCounts: false },
    ],
    boundary: [{ ...branch!, rules }],
  } as Partial<Policy>)
}

for (const crm of ['hubspot', 'salesforce'] as const) {
  const { object, owner, name, country, task: taskObject } = PLACES[crm]

  describe(`the record of a task in ${crm}, when records move on`, () => {
    const started: Harness[] = []
    after(() => Promise.all(started.map((h) => h.stop())))

    const start = async () => {
      const h = await pipelineHarness((fake) => {
        staff(fake)
        return [policyOf(crm)]
      }, crm)
      started.push(h)
      return h
    }
    const record = (h: Harness, id: string, fields: Record<string, string | null>) => {
      const created: Record<string, string | null> =
        crm === 'hubspot'
          ? { createdate: '2026-11-20T08:00:00.000Z' }
          : { CreatedDate: '2026-11-20T08:00:00.000Z', IsConverted: 'false' }
      return h.crm.change(object, id, { ...created, [name]: `N${id}`, ...fields })
    }
    /** One task with a list: everything that a person had who left. */
    const withList = async (ids: readonly string[]) => {
      const h = await start()
      const left = h.crm.person('left@x.example', { active: false })
      await h.people()
      for (const id of ids) await h.receive(record(h, id, { [country]: 'DE', [owner]: left }))
      await h.settle()
      const tasks = h.crm.openTasks()
      assert.equal(tasks.length, 1)
      assert.equal(tasks[0]!.about?.recordId, ids[0])
      return { h, task: tasks[0]! }
    }
    /** One task of one record. */
    const withOne = async () => {
      const h = await start()
      const rep = h.crm.users.find((user) => user.email === 'rep@x.example')!.userId
      await h.receive(record(h, '1', { [country]: null, [owner]: rep }))
      await h.settle()
      return { h, rep, task: h.crm.openTasks()[0]! }
    }
    const deleted = (h: Harness, id: string) => {
      const event = h.crm.change(object, id, {})
      h.crm.records.delete(`${object}/${id}`)
      return { ...event, kind: 'deleted' as const, fields: {} }
    }
    const merged = (h: Harness, winner: string, loser: string) => {
      h.crm.records.delete(`${object}/${loser}`)
      for (const [id, task] of h.crm.tasks) {
        if (task.about?.recordId === loser)
          h.crm.tasks.set(id, { ...task, about: { objectType: object, recordId: winner } })
      }
      return { ...h.crm.change(object, winner, {}), kind: 'merged' as const, fields: {}, mergedIds: [loser] }
    }
    const taskDeleted = (h: Harness, { id }: FakeTask) => {
      const event = h.crm.change(taskObject, id, {})
      h.crm.tasks.delete(id)
      h.crm.records.delete(`${taskObject}/${id}`)
      return { ...event, kind: 'deleted' as const, fields: {} }
    }
    const taskBack = (h: Harness, task: FakeTask) => {
      h.crm.tasks.set(task.id, task)
      const fields: Record<string, string | null> =
        crm === 'hubspot' ? { hs_task_status: 'NOT_STARTED' } : { IsClosed: 'false' }
      return { ...h.crm.change(taskObject, task.id, fields), kind: 'restored' as const, complete: true }
    }
    const openIds = (h: Harness) => h.crm.openTasks().map(({ id }) => id)

    it('a list keeps its task through two merges, on the record that survives', async () => {
      const { h, task } = await withList(['1', '2', '3'])
      await h.receive(merged(h, '2', '1'))
      await h.settle()
      await h.receive(merged(h, '3', '2'))
      await h.settle()
      assert.deepEqual(openIds(h), [task.id])
      const now = h.crm.openTasks()[0]!
      assert.equal(now.about?.recordId, '3')
      assert.doesNotMatch(now.body, /N1|N2/)
    })

    it('a list whose record was deleted keeps its task where the CRM keeps it, on a record that lives', async () => {
      const { h, task } = await withList(['1', '2', '3'])
      await h.receive(deleted(h, '1'))
      await h.settle()
      assert.deepEqual(openIds(h), [task.id])
      assert.equal(h.crm.openTasks()[0]!.about?.recordId, '2')
    })

    it('a list whose task the CRM deleted with its record gets one other task at once, on a record that lives', async () => {
      const { h, task } = await withList(['1', '2', '3'])
      h.crm.tasks.delete(task.id)
      await h.receive(deleted(h, '1'))
      await h.apply()
      await h.decide()
      await h.act()
      const { rows } = await sql<{ waits: boolean }>`
        select next_attempt_at > clock_timestamp() as waits from intent where kind = 'task' and state = 'pending'`.execute(
        h.db,
      )
      assert.deepEqual(rows, [{ waits: false }])
      await h.settle()
      const [other, ...more] = h.crm.openTasks()
      assert.deepEqual([more.length, other?.about?.recordId], [0, '2'])
      assert.match(other!.body, /deleted the task together with the record/)
    })

    it('says so also where the deletion of the task is read first', async () => {
      const { h, task } = await withList(['1', '2'])
      await h.receive(deleted(h, '1'), taskDeleted(h, task))
      await h.settle()
      await h.settle()
      assert.equal(h.crm.openTasks().length, 1)
      assert.match(h.crm.openTasks()[0]!.body, /deleted the task together with the record/)
    })

    it('a task that comes back with its record is closed, because its cases have another', async () => {
      const { h, task } = await withList(['1', '2', '3'])
      h.crm.tasks.delete(task.id)
      await h.receive(deleted(h, '1'))
      await h.settle()
      const [other] = openIds(h)
      await h.receive(taskBack(h, task))
      await h.settle()
      await h.settle()
      assert.deepEqual(openIds(h), [other])
      assert.equal(h.crm.tasks.get(task.id)?.status, 'done')
    })

    it('a record that is deleted with its task and undeleted ends with one open task', async () => {
      const { h, task, rep } = await withOne()
      h.crm.tasks.delete(task.id)
      await h.receive(deleted(h, '1'))
      await h.settle()
      assert.deepEqual(await h.openExceptions(), [])
      const back = { ...record(h, '1', { [country]: null, [owner]: rep }), kind: 'restored' as const, complete: true }
      await h.receive(back, taskBack(h, task))
      await h.settle()
      await h.settle()
      assert.equal((await h.openExceptions()).length, 1)
      const [only, ...more] = h.crm.openTasks()
      assert.deepEqual([more.length, only?.about?.recordId], [0, '1'])
      assert.notEqual(only?.id, task.id)
    })

    it('a task that a person took to another record stays there, however often it is written', async () => {
      const { h, task } = await withOne()
      const elsewhere = { objectType: object, recordId: '77' }
      h.crm.tasks.set(task.id, { ...h.crm.tasks.get(task.id)!, about: elsewhere })
      await h.receive(h.crm.change(object, '1', { [name]: 'Another name' }))
      await sql`update exception set what = 'more to say'`.execute(h.db)
      await sql`update task set written_digest = null`.execute(h.db)
      await sql`insert into intent (connection_id, workflow, kind, task_id, payload, policy_hash)
        select connection_id, workflow, 'task', id, '{}'::jsonb, 'x' from task`.execute(h.db)
      await h.act()
      assert.deepEqual(openIds(h), [task.id])
      assert.match(h.crm.openTasks()[0]!.body, /more to say/)
      assert.deepEqual(h.crm.openTasks()[0]!.about, elsewhere)
    })

    it('a task of a record that the CRM no longer takes is made without it, and the record is read', async () => {
      const h = await start()
      const rep = h.crm.users.find((user) => user.email === 'rep@x.example')!.userId
      await h.receive(record(h, '1', { [country]: null, [owner]: rep }))
      await h.apply()
      await h.refresh()
      await h.decide()
      h.crm.records.delete(`${object}/1`)
      await h.act()
      assert.deepEqual(
        h.crm.openTasks().map(({ about }) => about),
        [null],
      )
      const { rows } = await sql<{
        needs_read: string | null
      }>`select needs_read from record where record_id = '1'`.execute(h.db)
      assert.deepEqual(rows, [{ needs_read: 'not-found' }])
    })

    if (crm === 'salesforce') {
      it('a list keeps its task when its lead is converted, and moves to a lead that is not', async () => {
        const { h, task } = await withList(['1', '2'])
        h.crm.tasks.set(task.id, { ...task, about: { objectType: 'Contact', recordId: 'c1' } })
        await h.receive(h.crm.change('Lead', '1', { IsConverted: 'true' }))
        await h.settle()
        assert.deepEqual(openIds(h), [task.id])
        assert.deepEqual(h.crm.openTasks()[0]!.about, { objectType: 'Lead', recordId: '2' })
      })

      it('the task of a converted lead is closed where the CRM has taken it', async () => {
        const { h, task } = await withOne()
        const contact = { objectType: 'Contact', recordId: 'c1' }
        h.crm.tasks.set(task.id, { ...h.crm.tasks.get(task.id)!, about: contact })
        await h.receive(h.crm.change('Lead', '1', { IsConverted: 'true' }))
        await h.settle()
        assert.deepEqual([h.crm.tasks.get(task.id)?.status, h.crm.tasks.get(task.id)?.about], ['done', contact])
      })
    }
  })
}
