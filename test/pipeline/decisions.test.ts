import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import pg from 'pg'
import type { Policy } from '../../src/model/policy/policy.ts'
import { decideBatch } from '../../src/pipeline/decide/decide-changes.ts'
import { pollChanges } from '../../src/pipeline/read/poll-changes.ts'
import { inTransaction } from '../../src/store/database/transaction.ts'
import { taskContents } from '../../src/store/decisions/task-contents.ts'
import { verifyLedger } from '../../src/store/ledger/verify-ledger.ts'
import { isResyncWaiting, readWatermarks, resyncObjects, saveWatermark } from '../../src/store/records/watermarks.ts'
import { contact, rowsOf, userId } from './contacts.ts'
import { decisionStage } from './decision-stage.ts'
import { contactPolicy, type Harness, TUESDAY_MS } from './harness.ts'

describe('concurrent decisions, and people who leave', () => {
  const { startWith, start, withTask } = decisionStage()
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

  it('sets one record aside that cannot be decided, and decides the others', async () => {
    const h = await start()
    await h.receive(
      contact(h, '1', { firstname: 'Bad', country: 'FR', hubspot_owner_id: null }),
      contact(h, '2', { firstname: 'Good', country: 'FR', hubspot_owner_id: null }),
    )
    await h.settle()
    await h.receive(
      h.crm.change('contacts', '1', { firstname: 'Worse' }),
      h.crm.change('contacts', '2', { firstname: 'Better', hubspot_owner_id: userId(h, 'rep@x.example') }),
    )
    await h.apply()
    await sql`update record set values = jsonb_set(values, '{country}', '{"not": "text"}') where record_id = '1'`.execute(
      h.db,
    )
    const failed: string[] = []
    const decided = await decideBatch(h.connection, {
      db: h.db,
      workflows: h.workflows,
      nowMs: () => TUESDAY_MS,
      onFailed: (record) => failed.push(record),
    })
    assert.deepEqual([decided.taken, failed], [2, ['hubspot-1/contacts/1']])
    assert.deepEqual(
      await rowsOf(
        h,
        sql`select record_id, dirty_since is not null as dirty, u.at, u.reason from record r
          left join wake_up u using (connection_id, object_type, record_id)
          where object_type = 'contacts' order by record_id`,
      ),
      [
        { record_id: '1', dirty: false, at: new Date(TUESDAY_MS + 300_000), reason: 'failed' },
        { record_id: '2', dirty: false, at: null, reason: null },
      ],
    )
    // Its case stands as it was; the other's is over.
    assert.deepEqual(
      (await h.openExceptions()).map((e) => e.subject),
      ['hubspot-1/contacts/1'],
    )
    assert.deepEqual(await rowsOf(h, sql`select n::int from counter where name = 'record-failed'`), [{ n: 1 }])
  })

  it('sets one record aside whose decision cannot be stored, and decides the others', async () => {
    const h = await start()
    await h.receive(
      ...['1', '2', '3', '4', '5', '6'].map((id) => contact(h, id, { country: 'FR', hubspot_owner_id: null })),
    )
    await h.apply()
    await h.refresh()
    await sql`alter table exception add constraint no_four check (record_id <> '4')`.execute(h.db)
    await h.decide()
    assert.deepEqual((await h.openExceptions()).map((e) => e.subject.slice(-1)).sort(), ['1', '2', '3', '5', '6'])
    const [four] = await rowsOf(
      h,
      sql<{ at: Date }>`select u.at from record join wake_up u using (connection_id, object_type, record_id)
        where record_id = '4' and dirty_since is null`,
    )
    assert.equal(four?.at.getTime(), TUESDAY_MS + 300_000)
  })

  const rivals = () => {
    const [branch] = contactPolicy().boundary as [Policy['boundary'][number]]
    const rule = (id: string, owner: string) => ({
      id,
      when: [{ field: 'country', op: 'in' as const, values: ['DE'] }],
      owner,
      because: 'x',
    })
    return [
      contactPolicy({
        boundary: [{ ...branch, mode: 'rules', rules: [rule('de', 'rep@x.example')] }] as Policy['boundary'],
      }),
      contactPolicy({
        workflow: 'second',
        boundary: [{ ...branch, mode: 'rules', rules: [rule('zz', 'gen@x.example')] }] as Policy['boundary'],
      }),
    ] as const
  }

  it('part of M56: of two workflows that want one record, the ledger tells only the decision that was written', async () => {
    const h = await startWith(...rivals())
    await h.receive(contact(h, '1', { country: 'DE', hubspot_owner_id: null }))
    await h.apply()
    await h.refresh()
    await h.decide()
    assert.deepEqual(
      await rowsOf(
        h,
        sql`select i.workflow, i.payload->>'rule' as rule, l.body::jsonb->>'workflow' as told, l.actor
          from intent i join ledger l on l.seq = i.receipt_seq where i.kind = 'owner'`,
      ),
      [{ workflow: 'routing', rule: 'de', told: 'routing', actor: 'rule:de' }],
    )
    assert.deepEqual(await rowsOf(h, sql`select count(*)::int as n from ledger where kind = 'rule-decided'`), [
      { n: 1 },
    ])
    const [row] = await rowsOf(h, sql<{ workflow: string }>`select workflow from wake_up where reason = 'other-write'`)
    assert.equal(row?.workflow, 'second', 'it is decided when the first is done')
  })

  it('does not resolve a case because another workflow is writing the record', async () => {
    const [first, second] = rivals()
    const settling = (policy: Policy): Policy => ({
      ...policy,
      boundary: [
        { ...policy.boundary[0]!, settles: ['orphaned-owner'], settlesClasses: [] },
      ] as unknown as Policy['boundary'],
    })
    const h = await startWith(settling(first), settling({ ...second, mode: 'observe' }))
    const left = h.crm.person('left@x.example', { active: false })
    await h.people()
    await h.receive(contact(h, '1', { firstname: 'Ann', country: 'DE', hubspot_owner_id: left }))
    await h.apply()
    await h.refresh()
    await h.decide()
    assert.deepEqual(await rowsOf(h, sql`select workflow, status from exception order by workflow`), [
      { workflow: 'routing', status: 'settled-by-rule' },
      { workflow: 'second', status: 'open' },
    ])
    // The second goes live while the write of the first is under way: it may not call its own case settled.
    await sql`update workflow set effective_mode = 'live' where workflow = 'second'`.execute(h.db)
    await sql`update policy_version set document = jsonb_set(document, '{mode}', '"live"') where workflow = 'second'`.execute(
      h.db,
    )
    await sql`update record set dirty_since = now()`.execute(h.db)
    await h.decide()
    assert.deepEqual(
      (await h.openExceptions()).map((e) => e.pattern),
      ['orphaned-owner'],
    )
  })

  it('gives all cases of one task to the owner of the task, whatever the capacity of that person', async () => {
    const { owners, guards } = contactPolicy()
    const h = await start({
      guards: { ...guards, capacity: 3 },
      owners: {
        ...owners,
        reviewers: {
          general: ['gen@x.example', 'sen@x.example', 'app@x.example'],
          senior: ['sen@x.example', 'app@x.example'],
          approved: ['app@x.example'],
        },
      },
    })
    const left = h.crm.person('left@x.example', { active: false })
    await h.people()
    for (let n = 1; n <= 10; n += 1) {
      await h.receive(contact(h, String(n), { firstname: `C${n}`, country: 'DE', hubspot_owner_id: left }))
    }
    await h.settle()
    const owned = sql<{ owner: string; task_owner: string; n: number }>`
      select e.owner_email as owner, t.owner_email as task_owner, count(*)::int as n
      from exception e join task t on t.id = e.task_id where e.status = 'open' group by 1, 2`
    assert.deepEqual(await rowsOf(h, owned), [{ owner: 'gen@x.example', task_owner: 'gen@x.example', n: 10 }])
    // The next person finds one task with the first, and so room.
    const i = h.crm.users.findIndex((user) => user.email === 'gen@x.example')
    h.crm.users[i] = { ...h.crm.users[i]!, active: false }
    await h.people()
    await h.settle()
    assert.deepEqual(await rowsOf(h, owned), [{ owner: 'sen@x.example', task_owner: 'sen@x.example', n: 10 }])
    assert.equal(h.crm.openTasks().length, 1)
  })

  it('a case without a task gets another owner when its owner leaves', async () => {
    const { owners } = contactPolicy()
    const h = await start({
      mode: 'observe',
      owners: { ...owners, reviewers: { ...owners.reviewers, general: ['gen@x.example', 'sen@x.example'] } },
    })
    await h.receive(contact(h, '1', { firstname: 'Ann', country: null, hubspot_owner_id: userId(h, 'rep@x.example') }))
    await h.settle()
    assert.deepEqual(
      (await h.openExceptions()).map((e) => e.owner_email),
      ['gen@x.example'],
    )
    const i = h.crm.users.findIndex((user) => user.email === 'gen@x.example')
    h.crm.users[i] = { ...h.crm.users[i]!, active: false }
    await h.people()
    await h.settle()
    assert.deepEqual(
      (await h.openExceptions()).map((e) => e.owner_email),
      ['sen@x.example'],
    )
  })

  const check = async (h: Harness) => {
    await h.apply()
    await h.verify()
    await h.refresh()
    await h.decide()
    return h.verify()
  }

  it('reopens a task once per closing, however late the event of our own write arrives', async () => {
    const { h, taskId } = await withTask()
    await h.closeTask(taskId)
    await check(h)
    for (let sweep = 0; sweep < 3; sweep += 1) await check(h)
    const reopened = sql`select reopened, checking_since from task`
    assert.deepEqual(await rowsOf(h, reopened), [{ reopened: 1, checking_since: null }])
    await h.settle()
    assert.equal(h.crm.openTasks().length, 1)
    // By now it rests on something else: of the same evidence it would not be opened a second time.
    await h.receive(h.crm.change('contacts', '1', { hubspot_owner_id: userId(h, 'wf@x.example') }))
    await h.closeTask(taskId)
    await check(h)
    assert.deepEqual(await rowsOf(h, reopened), [{ reopened: 2, checking_since: null }])
  })

  it('creates a deleted task again only after a quarter of an hour', async () => {
    const { h, taskId } = await withTask()
    h.crm.tasks.delete(taskId)
    await h.receive({ ...h.crm.change('tasks', taskId, {}), kind: 'deleted' })
    await check(h)
    await h.act()
    assert.equal(h.crm.tasks.size, 0)
    const [intent] = await rowsOf(
      h,
      sql<{ minutes: number }>`select extract(epoch from next_attempt_at - now()) / 60 as minutes
        from intent where state = 'pending'`,
    )
    assert.ok(Number(intent!.minutes) > 14 && Number(intent!.minutes) < 16)
    await sql`update intent set next_attempt_at = now() where state = 'pending'`.execute(h.db)
    await h.act()
    assert.match(h.crm.openTasks()[0]!.body, /deleted, but the problem remains/)
  })

  it('lists the first cases of a large task and counts them all', async () => {
    const h = await start()
    const left = h.crm.person('left@x.example', { active: false })
    await h.people()
    for (let n = 1; n <= 30; n += 1) {
      await h.receive(contact(h, String(n), { firstname: `C${n}`, country: 'DE', hubspot_owner_id: left }))
    }
    await h.settle()
    const [task] = await rowsOf(h, sql<{ id: number }>`select id from task`)
    const [content] = await taskContents(h.db, [task!.id])
    assert.deepEqual([content!.cases.length, content!.total], [25, 30])
  })

  it('keeps a resync request that arrives while the object is being polled', async () => {
    const h = await start()
    const id = h.crm.connectionId
    for (const object of ['companies', 'contacts', 'deals', 'tasks']) {
      await saveWatermark(h.db, id, object, TUESDAY_MS - 60_000, 0)
    }
    const client = h.crm.client()
    const run = (onObject: (objectType: string) => Promise<void>, signal = new AbortController().signal) =>
      pollChanges({
        db: h.db,
        client: {
          ...client,
          changedSince: async (query) => {
            await onObject(query.objectType)
            return client.changedSince(query)
          },
        },
        connection: { ...h.connection, feed: 'push', baseline: { done: true, objects: {} } },
        fieldsOf: () => ({ fields: [], historyFields: [] }),
        nowMs: () => TUESDAY_MS,
        onPage: () => undefined,
        signal,
      })
    const interrupted = await run(async (object) => {
      if (object === 'contacts') await resyncObjects(h.db, id, ['contacts'])
    })
    assert.equal(interrupted.complete, false)
    assert.equal((await readWatermarks(h.db, id)).get('contacts'), 1)
    assert.equal(await inTransaction(h.db, (trx) => isResyncWaiting(trx, id)), true)
    const whole = await run(async () => undefined)
    assert.equal(whole.complete, true)
    assert.equal(await inTransaction(h.db, (trx) => isResyncWaiting(trx, id)), false)
  })

  it('a stopped poll is not complete', async () => {
    const h = await start()
    const { complete } = await pollChanges({
      db: h.db,
      client: h.crm.client(),
      connection: { ...h.connection, feed: 'push', baseline: { done: true, objects: {} } },
      fieldsOf: () => ({ fields: [], historyFields: [] }),
      nowMs: () => TUESDAY_MS,
      onPage: () => undefined,
      signal: AbortSignal.abort(),
    })
    assert.equal(complete, false)
  })

  it('part of promise 19: an erased record leaves no trace in cases, tasks, writes and the ledger, which still verifies', async () => {
    const patterns: Policy['patterns'] = [
      { pattern: 'duplicate-ownership', against: [{ crm: 'hubspot', object: 'contacts' }], againstAccountOwner: false },
      ...contactPolicy().patterns,
    ]
    const h = await start({ patterns })
    const person = { firstname: 'Zorro', lastname: 'Canaryman', email: 'shared@secret.example' }
    await h.receive(
      contact(h, '1', { ...person, country: 'FR', hubspot_owner_id: null }),
      contact(h, '2', {
        firstname: 'Ann',
        email: person.email,
        country: 'DE',
        hubspot_owner_id: userId(h, 'rep@x.example'),
      }),
      contact(h, '3', { ...person, email: 'other@secret.example', country: 'DE', hubspot_owner_id: null }),
    )
    await h.settle()
    // One task closed before, and one reopened with the words of its case.
    await h.receive(h.crm.change('contacts', '1', { hubspot_owner_id: userId(h, 'gen@x.example') }))
    await h.settle()
    const told = async () => {
      // Of events the values go as well, see records.test.ts; the fake's dedupe keys carry them.
      const tables = [
        ...['record', 'match_key', 'exception', 'task', 'intent', 'ledger', 'written_value'],
        ...['write_attempt', 'write_answer'],
      ]
      const found: string[] = []
      for (const table of tables) {
        const like = sql<{ n: number }>`select count(*)::int as n from ${sql.table(table)} x
          where x::text ilike '%canary%' or x::text ilike '%zorro%'`
        if ((await rowsOf(h, like))[0]!.n > 0) found.push(table)
      }
      if ([...h.crm.tasks.values()].some((task) => /zorro|canary/i.test(`${task.subject} ${task.body}`)))
        found.push('crm')
      return found
    }
    const before = await told()
    for (const where of ['exception', 'task', 'intent', 'crm']) assert.ok(before.includes(where), where)
    const before3 = await rowsOf(h, sql<{ n: number }>`select count(*)::int as n from written_value`)
    assert.equal(before3[0]!.n, 1)
    for (const id of ['1', '3']) {
      const erased = { ...h.crm.change('contacts', id, {}), kind: 'erased' as const, fields: {} }
      h.crm.records.delete(`contacts/${id}`)
      await h.receive(erased)
    }
    await h.settle()
    assert.deepEqual(await told(), [])
    assert.deepEqual(await rowsOf(h, sql`select distinct resolution from exception where record_id = '1'`), [
      { resolution: 'erased' },
    ])
    assert.deepEqual(await rowsOf(h, sql`select * from written_value`), [])
    const check = await verifyLedger(h.db)
    assert.ok(check.ok && check.erased > 0)
  })

  /** The next write of this kind loses a deadlock, once. */
  const loseOnce = async (h: Harness, when: string) => {
    await sql`create sequence lost`.execute(h.db)
    await sql`create function lose() returns trigger language plpgsql as $$ begin
      if nextval('lost') = 1 then raise exception 'deadlock detected' using errcode = '40P01'; end if;
      return new; end $$`.execute(h.db)
    await sql.raw(`create trigger lose before ${when} for each row execute function lose()`).execute(h.db)
  }

  it('decides a batch again that lost a deadlock, and sets nothing aside', async () => {
    const h = await start()
    await h.receive(...['1', '2'].map((id) => contact(h, id, { country: 'FR', hubspot_owner_id: null })))
    await h.apply()
    await h.refresh()
    await loseOnce(h, 'insert on exception')
    const decided = await decideOnce(h)
    assert.deepEqual([decided.taken, (await h.openExceptions()).length], [2, 2])
    assert.deepEqual(await rowsOf(h, sql`select * from counter where name = 'record-failed'`), [])
  })

  it('verifies again when it lost a deadlock', async () => {
    const { h, taskId } = await withTask()
    await h.closeTask(taskId)
    await h.apply()
    await loseOnce(h, 'update of checking_since on task')
    assert.equal((await h.verify()).toRead, true)
  })
})
