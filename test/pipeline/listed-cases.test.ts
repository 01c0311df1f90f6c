import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { whyNoRoom } from '../../src/store/compare/comparisons.ts'
import { findOverdue } from '../../src/store/decisions/overdue-stages.ts'
import { contact, rowsOf, userId } from './contacts.ts'
import { decisionStage } from './decision-stage.ts'
import { contactPolicy, type Harness } from './harness.ts'

describe('cases of one field, branch and class', () => {
  const { start } = decisionStage()

  /** So many contacts without a country, as one burst. */
  const receiveBlank = async (h: Harness, from: number, to: number, owner = 'rep@x.example') => {
    const hubspot_owner_id = userId(h, owner)
    for (let n = from; n <= to; n += 1) {
      await h.receive(contact(h, String(n), { firstname: `C${n}`, country: null, hubspot_owner_id }))
    }
  }
  const openTasks = (h: Harness) =>
    rowsOf(
      h,
      sql<{ owner: string; n: number; owners: number }>`
        select t.owner_email as owner, count(e.id)::int as n, count(distinct e.owner_email)::int as owners
        from task t join exception e on e.task_id = t.id and e.status = 'open' where t.status = 'open'
        group by t.id order by t.id`,
    )
  const writes = async (h: Harness) =>
    (await rowsOf(h, sql<{ n: number }>`select count(*)::int as n from write_attempt where task_id is not null`))[0]!.n

  it('part of M47: 300 contacts without a country are one task with one owner and a list, written a few times', async () => {
    const h = await start()
    await receiveBlank(h, 1, 300)
    await h.settle()
    assert.deepEqual(await openTasks(h), [{ owner: 'gen@x.example', n: 300, owners: 1 }])
    const [task, ...others] = h.crm.openTasks()
    assert.equal(others.length, 0)
    assert.equal(task!.subject, 'Expected: country is blank on these contacts (300 records)')
    assert.match(task!.body, /- contact C1\n/)
    assert.match(task!.body, /- and 275 more; the whole list: http:\/\/console\/cases\?task=\d+\n/)
    assert.ok(task!.body.length < 3_000, String(task!.body.length))
    assert.ok((await writes(h)) <= 2)
  })

  it('part of M47: a record that joins or leaves a list is told to the CRM minutes later, together with the others', async () => {
    const h = await start()
    await receiveBlank(h, 1, 3)
    await h.settle()
    const before = await writes(h)
    const [task] = h.crm.openTasks()
    const around = async () => {
      await h.apply()
      await h.refresh()
      await h.decide()
      await h.act()
    }
    for (let n = 4; n <= 9; n += 1) {
      await receiveBlank(h, n, n)
      await around()
    }
    await h.receive(h.crm.change('contacts', '1', { country: 'DE' }))
    await around()
    assert.equal(await writes(h), before)
    assert.deepEqual(await openTasks(h), [{ owner: 'gen@x.example', n: 8, owners: 1 }])
    // Meanwhile nobody is woken for it, and a comparison need not wait for it.
    assert.ok(!(await findOverdue(h.db, 60)).some(({ stage }) => stage === 'act'))
    assert.notEqual(await whyNoRoom(h.db, h.connection.id), 'Tasks are written first.')
    await h.settle()
    assert.equal(await writes(h), before + 1)
    assert.match(h.crm.tasks.get(task!.id)!.subject, /\(8 records\)$/)
    assert.doesNotMatch(h.crm.tasks.get(task!.id)!.body, /contact C1\n/)
  })

  it('part of promise 19: an erased record leaves the list in the CRM at once', async () => {
    const h = await start()
    await receiveBlank(h, 1, 3)
    await h.settle()
    assert.match(h.crm.openTasks()[0]!.body, /contact C1\n/)
    const event = { ...h.crm.change('contacts', '1', {}), kind: 'erased' as const, fields: {} }
    h.crm.records.delete('contacts/1')
    await h.receive(event)
    await h.apply()
    await h.decide()
    await h.act()
    assert.doesNotMatch(h.crm.openTasks()[0]!.body, /C1\b/)
    assert.match(h.crm.openTasks()[0]!.subject, /\(2 records\)$/)
  })

  it('a list whose owner leaves goes to the next person at once', async () => {
    const h = await start()
    await receiveBlank(h, 1, 3)
    await h.settle()
    const at = h.crm.users.findIndex(({ email }) => email === 'gen@x.example')
    h.crm.users[at] = { ...h.crm.users[at]!, active: false }
    await h.people()
    await h.republish()
    await sql`update record set dirty_since = now() where object_type = 'contacts'`.execute(h.db)
    await h.decide()
    await h.act()
    const [task] = h.crm.openTasks()
    assert.notEqual(task!.ownerId, h.crm.users[at]!.userId)
    assert.equal((await openTasks(h))[0]!.owners, 1)
  })

  it('a list that lost its last record closes its task at once', async () => {
    const h = await start()
    await receiveBlank(h, 1, 2)
    await h.settle()
    await h.receive(h.crm.change('contacts', '1', { country: 'DE' }), h.crm.change('contacts', '2', { country: 'DE' }))
    await h.apply()
    await h.refresh()
    await h.decide()
    await h.act()
    assert.deepEqual(h.crm.openTasks(), [])
    assert.match([...h.crm.tasks.values()][0]!.body, /^Closed automatically: the problem is fixed\./)
  })

  it('a list that is completed while some of its records are mended comes back with the others', async () => {
    const h = await start()
    await receiveBlank(h, 1, 4)
    await h.settle()
    await h.receive(h.crm.change('contacts', '1', { country: 'DE' }), h.crm.change('contacts', '3', { country: 'DE' }))
    await h.closeTask(h.crm.openTasks()[0]!.id)
    await h.settle()
    const [task, ...others] = h.crm.openTasks()
    assert.equal(others.length, 0)
    assert.match(
      task!.body,
      /^Reopened: the task was closed, but 2 of its records still have the problem\. If it is right/,
    )
    assert.match(task!.body, /- contact C2\n- contact C4\n/)
    assert.doesNotMatch(task!.body, /contact C[13]\b/)
    assert.deepEqual(await openTasks(h), [{ owner: 'gen@x.example', n: 2, owners: 1 }])
  })

  it('a case whose class changes leaves for the list of that class, with its owner and deadline', async () => {
    const classes = [
      {
        pattern: 'missing-field',
        when: [{ field: 'lifecyclestage', op: 'in', values: ['customer'] }],
        class: 'risky',
        because: 'A customer.',
      },
      { pattern: 'missing-field', when: [], class: 'expected', because: 'A blank is filled in.' },
    ] as const
    const h = await start({ classes })
    await receiveBlank(h, 1, 3)
    await h.settle()
    await h.receive(h.crm.change('contacts', '2', { lifecyclestage: 'customer' }))
    await h.settle()
    assert.deepEqual(
      await rowsOf(
        h,
        sql<{ class: string; n: number }>`
        select e.class, count(*)::int as n from exception e join task t on t.id = e.task_id and t.status = 'open'
        where e.status = 'open' group by t.id, e.class order by n`,
      ),
      [
        { class: 'customer-facing', n: 1 },
        { class: 'expected', n: 2 },
      ],
    )
    assert.equal(h.crm.openTasks().length, 2)
  })

  it('part of M20: what a reviewer owns is a list of its own, which goes to somebody else', async () => {
    const reviewers = {
      general: ['gen@x.example', 'sen@x.example'],
      senior: ['sen@x.example'],
      approved: ['app@x.example'],
    }
    const h = await start({ owners: { ...contactPolicy().owners, reviewers } })
    await receiveBlank(h, 1, 2)
    await receiveBlank(h, 3, 4, 'gen@x.example')
    await receiveBlank(h, 5, 5, 'sen@x.example')
    await h.settle()
    assert.deepEqual(
      (await openTasks(h)).toSorted((a, b) => a.n - b.n || (a.owner < b.owner ? -1 : 1)),
      [
        { owner: 'gen@x.example', n: 1, owners: 1 },
        { owner: 'gen@x.example', n: 2, owners: 1 },
        { owner: 'sen@x.example', n: 2, owners: 1 },
      ],
    )
  })

  it('the task is due when the first of its open cases is', async () => {
    const h = await start()
    await receiveBlank(h, 1, 1)
    await h.settle()
    h.advance(3 * 86_400_000)
    await receiveBlank(h, 2, 2)
    await h.settle()
    const due = () => h.crm.openTasks()[0]!.dueAtMs
    const first = due()
    await h.receive(h.crm.change('contacts', '1', { country: 'DE' }))
    await h.settle()
    assert.ok(due() > first)
  })

  it('an upgrade moves open cases from tasks of their own into one, and the old tasks say so', async () => {
    const h = await start()
    await receiveBlank(h, 1, 3)
    await h.settle()
    // As it was before there were lists: each case its own cause.
    await sql`update task set cause = 'old'`.execute(h.db)
    await sql`update exception set cause = 'old'`.execute(h.db)
    await h.receive(...['1', '2', '3'].map((id) => h.crm.change('contacts', id, { jobtitle: 'x' })))
    await h.settle()
    assert.deepEqual(await openTasks(h), [{ owner: 'gen@x.example', n: 3, owners: 1 }])
    const [old] = [...h.crm.tasks.values()].filter(({ status }) => status === 'done')
    assert.match(old!.body, /^Closed automatically: its cases are in another task now\./)
  })
})
