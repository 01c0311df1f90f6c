import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
import type { Policy } from '../../src/model/policy/policy.ts'
import { decideBatch } from '../../src/pipeline/decide/decide-changes.ts'
import { publishPolicies } from '../../src/pipeline/decide/publish-policies.ts'
import { findOverdue } from '../../src/store/decisions/overdue-stages.ts'
import { contact, rowsOf, userId } from './contacts.ts'
import { decisionStage } from './decision-stage.ts'
import { contactPolicy, type Harness, versionOf } from './harness.ts'

const blank = (field: string, change: Partial<Policy> = {}) =>
  contactPolicy({ patterns: [{ pattern: 'missing-field', fields: [field], graceMinutes: 30 }], ...change })

const BY_COUNTRY = blank('country')
/** As if a new version of our code read the same file in another way. */
const BY_INDUSTRY = blank('industry')
const RISKY = blank('country', {
  classes: [{ pattern: 'missing-field', when: [], class: 'risky', because: 'Read differently.' }],
})

describe('part of issue 9, section 5: an upgrade that reads values differently', () => {
  const { startWith } = decisionStage()

  /** The process starts again, with code that reads the policy in its own way. */
  const upgrade = (h: Harness, policy: Policy, reading: string, source = '') =>
    publishPolicies(
      h.db,
      { loaded: [{ file: 'routing.yaml', source, version: versionOf(policy) }], refused: [] },
      reading,
    )
  /** Contacts of an active owner without country and industry, whose one task is in the CRM. */
  const decided = async (n = 3, policy = BY_COUNTRY) => {
    const h = await startWith(policy)
    const hubspot_owner_id = userId(h, 'rep@x.example')
    for (let i = 0; i < n; i += 1) {
      await h.receive(contact(h, String(i), { firstname: `C${i}`, country: null, industry: null, hubspot_owner_id }))
    }
    await h.settle()
    return h
  }
  /** Act as the workers run it, without waiting for the batch to fill. */
  const act = async (h: Harness) => {
    while ((await h.act()).taken > 0);
  }
  const round = async (h: Harness) => {
    await h.apply()
    await h.refresh()
    await h.decide()
    await act(h)
  }
  /** Two records are decided again while another process has the rest still to mark. */
  const inTheMiddle = async (h: Harness, work: () => Promise<void>) => {
    await sql`update redecide_queue set object_type = 'contacts', record_id = '1'`.execute(h.db)
    await sql`update record set dirty_since = clock_timestamp() where record_id <= '1'`.execute(h.db)
    const client = new pg.Client({ connectionString: h.url })
    await client.connect()
    try {
      await client.query('begin')
      await client.query('select 1 from redecide_queue for update')
      await work()
    } finally {
      await client.query('rollback')
      await client.end()
    }
  }
  const reports = (h: Harness) =>
    rowsOf(
      h,
      sql<{
        from: string
        to: string
        undecided: number
        report: Record<string, unknown>[]
        tasks: unknown
        released: boolean
      }>`select from_reading as "from", to_reading as "to", undecided, report, tasks, released_at is not null as released
        from upgrade where finished_at is not null order by id`,
    )
  const counts = async (h: Harness) =>
    (await reports(h)).flatMap(({ report }) =>
      report.map((one) => [one.workflow, one.pattern, one.opened, one.closed, one.changed, one.askedAgain]),
    )
  const entries = (h: Harness) =>
    rowsOf(
      h,
      sql<{ body: string; subject: string; actor: string }>`select body, subject, actor from ledger
        where kind = 'upgrade-reported' order by seq`,
    )
  const tasks = (h: Harness) => [...h.crm.tasks.values()].map(({ subject, status }) => `${status}: ${subject}`)
  const WAS = ['open: Expected: country is blank on these contacts (3 records)']

  it('no task is written before its report, which counts by connection, workflow and pattern; then they go', async () => {
    const h = await decided()
    assert.deepEqual(tasks(h), WAS)
    await upgrade(h, BY_INDUSTRY, 'new')
    await inTheMiddle(h, async () => {
      await round(h)
      assert.equal((await h.openExceptions()).length, 3, 'two are decided again and one waits')
      assert.deepEqual([tasks(h), await reports(h)], [WAS, []])
      const decide = (await findOverdue(h.db, 3_600)).filter(({ stage }) => stage === 'decide')
      assert.equal(decide.length, 1, 'somebody is woken until the report is made')
    })
    await round(h)
    assert.deepEqual(await counts(h), [['routing', 'missing-field', 3, 3, 0, 0]])
    const [{ report, ...of }] = (await reports(h)) as [Awaited<ReturnType<typeof reports>>[number]]
    const { from } = of
    assert.deepEqual(of, {
      from,
      to: 'new',
      undecided: 0,
      tasks: { created: 1, changed: 0, closed: 1 },
      released: true,
    })
    assert.deepEqual([(report[0]!.examples as number[]).length, report[0]!.connectionId], [5, h.connection.id])
    assert.deepEqual(tasks(h), [
      'done: Expected: country is blank on these contacts (3 records)',
      'open: Expected: industry is blank on these contacts (3 records)',
    ])
    const how = await rowsOf(
      h,
      sql<{ r: string }>`select distinct resolution as r from exception where status <> 'open'`,
    )
    assert.deepEqual(how, [{ r: 'read-differently' }])
    assert.match([...h.crm.tasks.values()][0]!.body, /since an upgrade Lanekeeper reads values differently/)
    await h.settle()
    assert.equal((await reports(h)).length, 1)
  })

  it('its ledger entry is one, of Lanekeeper, and names no person and no value', async () => {
    const h = await decided()
    await upgrade(h, BY_INDUSTRY, 'new')
    await round(h)
    const [entry, ...others] = await entries(h)
    assert.equal(others.length, 0)
    const { salt: _, ...body } = JSON.parse(entry!.body) as Record<string, unknown>
    assert.deepEqual(Object.keys(body).sort(), ['from', 'groups', 'tasks', 'to', 'undecided'])
    assert.deepEqual(body.groups, [
      {
        askedAgain: 0,
        changed: 0,
        closed: 3,
        connectionId: h.connection.id,
        opened: 3,
        pattern: 'missing-field',
        workflow: 'routing',
      },
    ])
    assert.match(entry!.subject, /^upgrade\/\d+$/)
    assert.equal(entry!.actor, 'lanekeeper')
    assert.doesNotMatch(entry!.body, /@|C1/)
  })

  it('what a person changes meanwhile has its task as usual, and is not in the report', async () => {
    const noRule = [...BY_INDUSTRY.patterns, { pattern: 'no-rule' as const }]
    const h = await decided(3, blank('country', { patterns: [...BY_COUNTRY.patterns, { pattern: 'no-rule' }] }))
    await upgrade(h, blank('industry', { patterns: noRule }), 'new')
    await inTheMiddle(h, async () => {
      const fields = { firstname: 'New', country: 'FR', industry: 'steel', hubspot_owner_id: null }
      await h.receive(contact(h, 'new', fields))
      await round(h)
      await round(h)
      assert.equal(h.crm.openTasks().length, 2)
      assert.match(h.crm.openTasks()[1]!.body, /country FR/)
    })
    await round(h)
    assert.deepEqual(await counts(h), [['routing', 'missing-field', 3, 3, 0, 0]])
  })

  it('a change of a person to a record that is in a task which waits, waits with it', async () => {
    const h = await decided()
    await upgrade(h, RISKY, 'new')
    await inTheMiddle(h, async () => {
      await round(h)
      await h.receive(h.crm.change('contacts', '0', { country: 'DE' }))
      await round(h)
      assert.deepEqual(tasks(h), WAS)
      assert.equal((await h.openExceptions()).length, 2)
    })
    await round(h)
    assert.deepEqual(await counts(h), [['routing', 'missing-field', 0, 0, 3, 0]], 'what the person did came later')
    assert.match(tasks(h).at(-1)!, /open: Risky: country is blank on these contacts \(2 records\)/)
  })

  it('what was asked of a task before, and was not sent yet, waits with what the upgrade wants of it', async () => {
    const h = await decided()
    await h.receive(h.crm.change('contacts', '0', { country: 'DE' }))
    await h.apply()
    await h.decide()
    await sql`update task set rests_until = null`.execute(h.db)
    await upgrade(h, RISKY, 'new')
    await inTheMiddle(h, async () => {
      await round(h)
      assert.deepEqual(tasks(h), WAS)
    })
    await round(h)
    assert.deepEqual(await counts(h), [['routing', 'missing-field', 0, 0, 2, 0]])
    assert.match(tasks(h).at(-1)!, /open: Risky: country is blank on these contacts \(2 records\)/)
  })

  it('a class that went there and back, as the second upgrade took the first one back, is no change', async () => {
    const h = await decided()
    const lower = blank('country', {
      classes: [{ pattern: 'missing-field', when: [], class: 'expected', because: 'Read as before, in other words.' }],
    })
    await upgrade(h, RISKY, 'second')
    await inTheMiddle(h, async () => {
      await round(h)
    })
    await upgrade(h, lower, 'third')
    await round(h)
    await round(h)
    assert.deepEqual(await counts(h), [])
  })

  it('an upgrade that changes nothing is one ledger entry without a case', async () => {
    const h = await decided()
    await upgrade(h, BY_COUNTRY, 'new')
    await round(h)
    assert.deepEqual(
      (await reports(h)).map(({ report, tasks: written, undecided }) => ({ report, written, undecided })),
      [{ report: [], written: { created: 0, changed: 0, closed: 0 }, undecided: 0 }],
    )
    assert.equal((await entries(h)).length, 1)
    assert.deepEqual(tasks(h), WAS)
  })

  it('a fresh database, a start with the same code, and an edited policy have no report', async () => {
    const h = await decided()
    const [{ reading }] = (await rowsOf(
      h,
      sql<{ reading: string }>`select reading_version as reading from workflow_version`,
    )) as [{ reading: string }]
    await upgrade(h, BY_COUNTRY, reading)
    await upgrade(h, BY_INDUSTRY, reading, 'edited')
    await round(h)
    assert.deepEqual(await rowsOf(h, sql`select 1 from upgrade`), [])
    assert.equal(h.crm.openTasks().length, 1)
    const how = await rowsOf(
      h,
      sql<{ r: string }>`select distinct resolution as r from exception where status <> 'open'`,
    )
    assert.deepEqual(how, [{ r: 'condition-cleared' }])
  })

  it('a policy that was edited with the upgrade, or while it is under way, is said to be another', async () => {
    const edits = async (h: Harness) =>
      (await rowsOf(h, sql<{ c: boolean }>`select policy_changed as c from upgrade_scope`)).map(({ c }) => c)
    const h = await decided()
    await upgrade(h, BY_INDUSTRY, 'new', 'edited')
    assert.deepEqual(await edits(h), [true])
    await round(h)

    const other = await decided()
    await upgrade(other, BY_INDUSTRY, 'new')
    assert.deepEqual(await edits(other), [false])
    await upgrade(other, RISKY, 'new', 'edited')
    assert.deepEqual(await edits(other), [true])

    const twice = await decided()
    await upgrade(twice, BY_INDUSTRY, 'new')
    await upgrade(twice, RISKY, 'newer', 'edited')
    assert.deepEqual(await edits(twice), [true])
  })

  it('a restart in the middle goes on, and does not begin again', async () => {
    const h = await decided()
    await upgrade(h, BY_INDUSTRY, 'new')
    await inTheMiddle(h, async () => {
      await round(h)
      await upgrade(h, BY_INDUSTRY, 'new')
      await round(h)
      assert.deepEqual(await reports(h), [])
    })
    await round(h)
    assert.deepEqual(await counts(h), [['routing', 'missing-field', 3, 3, 0, 0]])
  })

  it('a second upgrade in the middle takes its place: the report is about the first version and the last', async () => {
    const h = await decided()
    await upgrade(h, BY_INDUSTRY, 'second')
    await inTheMiddle(h, async () => {
      await round(h)
    })
    await upgrade(h, RISKY, 'third')
    await round(h)
    await round(h)
    const [only, ...others] = await reports(h)
    assert.deepEqual([others.length, only!.to], [0, 'third'])
    assert.notEqual(only!.from, 'second')
    assert.match(tasks(h).at(-1)!, /open: Risky: country is blank on these contacts \(3 records\)/)
    assert.equal(h.crm.openTasks().length, 1)
    assert.ok(!tasks(h).some((task) => task.includes('industry')), 'no task of what nobody runs any more')
  })

  it('going back in the middle changes nothing, says so, and writes no task of the version that was left', async () => {
    const h = await decided()
    const [{ reading }] = (await rowsOf(
      h,
      sql<{ reading: string }>`select reading_version as reading from workflow_version`,
    )) as [{ reading: string }]
    await upgrade(h, BY_INDUSTRY, 'new')
    await inTheMiddle(h, async () => {
      await round(h)
    })
    await upgrade(h, BY_COUNTRY, reading)
    await round(h)
    await round(h)
    assert.deepEqual(
      (await reports(h)).map(({ from, to, report }) => ({ from, to, report })),
      [{ from: reading, to: reading, report: [] }],
    )
    assert.ok(!tasks(h).some((task) => task.includes('industry')))
    assert.equal(h.crm.openTasks().length, 1)
  })

  it('what is not decided in time holds nothing up after the limit, and the report says how much is missing', async () => {
    const h = await decided()
    await upgrade(h, BY_INDUSTRY, 'new')
    await inTheMiddle(h, async () => {
      await round(h)
      assert.deepEqual(await reports(h), [])
      await sql`update upgrade set limit_at = clock_timestamp()`.execute(h.db)
      await round(h)
      assert.deepEqual(
        (await reports(h)).map(({ undecided }) => undecided),
        [1],
      )
      assert.equal(h.crm.openTasks().length, 2)
    })
    await round(h)
    assert.deepEqual(await counts(h), [['routing', 'missing-field', 2, 2, 0, 0]])
    assert.equal((await entries(h)).length, 1)
    assert.match(tasks(h)[0]!, /^done/, 'what comes later goes at once')
  })

  it('tasks go at the limit although no process makes the report', async () => {
    const h = await decided()
    await upgrade(h, BY_INDUSTRY, 'new')
    await inTheMiddle(h, async () => {
      await decideBatch(h.connection, { db: h.db, workflows: h.workflows, nowMs: () => Date.now() })
      await sql`update upgrade set limit_at = clock_timestamp() + interval '20 minutes'`.execute(h.db)
      const [{ n, late }] = (await rowsOf(
        h,
        sql<{ n: number; late: number }>`select count(*)::int as n, count(*) filter (where i.next_attempt_at
          between u.started_at + interval '59 minutes' and u.started_at + interval '61 minutes')::int as late
          from intent i join upgrade u on u.id = i.upgrade_id where i.state = 'pending'`,
      )) as [{ n: number; late: number }]
      assert.deepEqual([n, late], [2, 2])
      await sql`update intent set next_attempt_at = next_attempt_at - interval '61 minutes' where upgrade_id is not null`.execute(
        h.db,
      )
      await act(h)
      assert.equal(h.crm.tasks.size, 2)
    })
  })

  it('a record that the CRM must be asked about first is counted and not waited for', async () => {
    const h = await decided()
    await upgrade(h, BY_INDUSTRY, 'new')
    await sql`update record set needs_read = 'gap', read_after = now() + interval '1 day' where record_id = '2'`.execute(
      h.db,
    )
    await h.decide()
    assert.deepEqual(
      (await reports(h)).map(({ undecided }) => undecided),
      [1],
    )
  })

  it('a connection that is not decided now keeps no task of another waiting', async () => {
    const h = await decided()
    await upgrade(h, BY_INDUSTRY, 'new')
    await sql`insert into connection (id, crm, title, account_id, base_url, status) values
      ('ended', 'hubspot', 'Ended', '2', 'http://x', 'disconnected'), ('new', 'hubspot', 'New', '3', 'http://x', 'connected')`.execute(
      h.db,
    )
    await sql`insert into upgrade_scope (upgrade_id, connection_id, workflow, policy_changed)
      select id, c, 'routing', false from upgrade, unnest(array['ended', 'new', 'forgotten']) c`.execute(h.db)
    await sql`insert into redecide_queue (connection_id) values ('ended'), ('new')`.execute(h.db)
    await round(h)
    assert.equal((await reports(h)).length, 1)
  })

  it('a case that was closed twice without a change is counted where it is asked about again', async () => {
    const h = await decided(1)
    const close = async () => {
      await h.closeTask(h.crm.openTasks()[0]!.id)
      await h.settle()
    }
    await close()
    await close()
    assert.deepEqual(h.crm.openTasks(), [])
    await upgrade(h, RISKY, 'new')
    await h.decide()
    assert.deepEqual(await counts(h), [['routing', 'missing-field', 0, 0, 0, 1]])
    await act(h)
    assert.equal(h.crm.openTasks().length, 1)
  })

  it('an erased record leaves its task at once, also while it waits', async () => {
    const h = await decided()
    await upgrade(h, RISKY, 'new')
    await inTheMiddle(h, async () => {
      await round(h)
      assert.deepEqual(tasks(h), WAS)
      await h.receive({ ...h.crm.change('contacts', '0', {}), kind: 'erased', fields: {} })
      await round(h)
      assert.doesNotMatch(
        h.crm
          .openTasks()
          .map(({ body }) => body)
          .join('\n'),
        /contact C0\b/,
      )
    })
  })

  it('owners that only the upgrade wants wait until a person applies it to them', async () => {
    const h = await decided(60, blank('country', { patterns: [] }))
    const rules = contactPolicy().boundary.map((branch) => ({
      ...branch,
      rules: [
        {
          id: 'r',
          when: [{ field: 'country', op: 'blank' as const }],
          owner: 'gen@x.example',
          because: 'Read differently.',
        },
      ],
    }))
    const always = { ...contactPolicy().action, when: [] }
    await upgrade(h, blank('country', { patterns: [], boundary: rules, action: always }), 'new')
    await round(h)
    await sql`update intent set next_attempt_at = now() where state = 'pending'`.execute(h.db)
    await round(h)
    const gen = userId(h, 'gen@x.example')
    const moved = [...h.crm.records.values()].filter((one) => one.hubspot_owner_id === gen).length
    assert.equal(moved, 0)
  })
})
