import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Policy } from '../../src/model/policy/policy.ts'
import type { ChangeActor, ChangeEvent } from '../../src/model/record/change-event.ts'
import { publishPolicies } from '../../src/pipeline/decide/publish-policies.ts'
import { applyBacklog } from '../support/apply-backlog.ts'
import { CREATED, rowsOf, userId } from './contacts.ts'
import { contactPolicy, type Harness, pipelineHarness, staff, versionOf } from './harness.ts'

const REP = 'rep@x.example'
const KIM = 'kim@x.example'
const LEE = 'lee@x.example'
const FIELD = 'hubspot_owner_id'

/** A workflow that gives every contact to one person, whoever has it. */
const giving = (workflow: string, rule: string, owner: string, over: Partial<Policy> = {}): Policy =>
  contactPolicy({
    workflow,
    title: workflow,
    action: { kind: 'assign-owner', says: 'Gives a contact away', when: [] },
    patterns: [{ pattern: 'no-rule' }],
    boundary: [
      {
        branch: 'all',
        when: [],
        mode: 'rules',
        because: 'Everything is theirs.',
        rules: [{ id: rule, when: [], owner, because: 'Everything is theirs.' }],
        settles: [],
        settlesClasses: [],
      },
    ],
    ...over,
  })

/** Gives it only while somebody else of the ring has it. */
const handingOn = (
  workflow: string,
  rule: string,
  from: string,
  to: string,
  h: { users: Harness['crm']['users'] },
): Policy =>
  giving(workflow, rule, to, {
    action: {
      kind: 'assign-owner',
      says: 'Hands a contact on',
      when: [{ field: FIELD, op: 'in', values: [h.users.find(({ email }) => email === from)!.userId] }],
    },
  })

describe('C19: sides that change an owner in turn', () => {
  const started: Harness[] = []
  const start = async (policies: (crm: Harness['crm']) => Policy[]) => {
    const h = await pipelineHarness((crm) => {
      staff(crm)
      crm.person(KIM)
      crm.person(LEE)
      return policies(crm)
    })
    started.push(h)
    return h
  }
  after(() => Promise.all(started.map((h) => h.stop())))

  const owner = (h: Harness, id = '1') => h.crm.records.get(`contacts/${id}`)?.[FIELD]
  const actor = (kind: ChangeActor['kind'], id: string | null = null): ChangeActor => ({ kind, id, ours: false })
  const set = async (h: Harness, to: string, by: ChangeActor, id = '1') => {
    const event: ChangeEvent = { ...h.crm.change('contacts', id, { createdate: CREATED, [FIELD]: to }), actor: by }
    await h.receive(event)
    await h.settle()
  }
  /** The CRM tells of what we wrote. */
  const echo = async (h: Harness, id = '1') => {
    await h.receive({ ...h.crm.change('contacts', id, { [FIELD]: owner(h, id)! }), actor: actor('integration', 'us') })
    await h.apply()
    // Our copy has heard of it, so a decision need not wait the two minutes in which it might not have.
    await sql`update intent set finished_at = finished_at - interval '3 minutes'`.execute(h.db)
  }
  const writes = async (h: Harness) =>
    (
      await rowsOf<{ workflow: string }>(h, sql`select workflow from write_attempt where kind = 'action' order by id`)
    ).map(({ workflow }) => workflow)
  const loops = async (h: Harness) =>
    (await h.openExceptions()).filter(({ pattern }) => pattern === 'ownership-flapping')
  const how = async (h: Harness) =>
    (
      await rowsOf<{ resolution: string }>(
        h,
        sql`select resolution from exception where pattern = 'ownership-flapping' and status = 'resolved' order by id`,
      )
    ).map(({ resolution }) => resolution)
  const publish = (h: Harness, ...policies: Policy[]) =>
    publishPolicies(h.db, {
      loaded: policies.map((policy) => ({ file: `${policy.workflow}.yaml`, source: '', version: versionOf(policy) })),
      refused: [],
    })
  const turns = async (h: Harness, n: number, by: ChangeActor, to = KIM, id = '1') => {
    for (let turn = 0; turn < n; turn += 1) {
      await set(h, userId(h, to), by, id)
      await echo(h, id)
      await h.settle()
    }
  }

  it('a person and a rule: the rule stops, and one unknown case names both', async () => {
    const h = await start(() => [giving('routing', 'all-rep', REP)])
    await turns(h, 6, actor('person', userId(h, LEE)))
    assert.equal((await writes(h)).length, 2)
    assert.equal(owner(h), userId(h, KIM))
    const [found, ...more] = await loops(h)
    assert.deepEqual([found?.class, found?.owner_email, more], ['unknown', 'gen@x.example', []])
    assert.match(found!.what, /the rule all-rep of the workflow routing and lee@x\.example/)
    const [task] = h.crm.openTasks()
    assert.match(`${task?.body}`, /the rule all-rep of the workflow routing and lee@x\.example/)
  })

  it('two workflows: both stop, and there is one case', async () => {
    const h = await start(() => [giving('east', 'all-rep', REP), giving('west', 'all-kim', KIM)])
    await set(h, userId(h, LEE), actor('person'))
    for (let turn = 0; turn < 8; turn += 1) {
      await echo(h)
      await h.settle()
    }
    const made = await writes(h)
    assert.ok(made.length >= 4 && made.length <= 5, `${made}`)
    const [found, ...more] = await loops(h)
    assert.deepEqual([found?.class, more], ['unknown', []])
    assert.match(found!.what, /all-rep of the workflow east/)
    assert.match(found!.what, /all-kim of the workflow west/)
    assert.equal(h.crm.openTasks().length, 1)
  })

  for (const [east, west] of [
    [12, 2],
    [12, 12],
    [3, 3],
    [2, 12],
  ] as const) {
    it(`one case, which stays the same, where two policies list flapping themselves from ${east} and ${west} changes on`, async () => {
      const listing = (changes: number): Partial<Policy> => ({
        patterns: [{ pattern: 'no-rule' }, { pattern: 'ownership-flapping', changes, withinHours: 72 }],
      })
      const h = await start(() => [
        giving('east', 'all-rep', REP, listing(east)),
        giving('west', 'all-kim', REP, { ...listing(west), mode: 'observe' }),
      ])
      await turns(h, 6, actor('person', userId(h, LEE)))
      const before = await loops(h)
      // From three changes on their own cases stop the rule, so that no loop comes of it.
      const isLoop = before.some(({ what }) => what.includes('goes back and forth'))
      assert.equal(isLoop, east > 3)
      if (isLoop) assert.equal(before.length, 1, JSON.stringify(before.map(({ what }) => what)))
      for (let again = 0; again < 3; again += 1) {
        await sql`update record set dirty_since = now()`.execute(h.db)
        await h.decide()
        assert.deepEqual(
          (await loops(h)).map(({ id, what }) => [id, what]),
          before.map(({ id, what }) => [id, what]),
        )
      }
      // Each case was there once.
      const all = await rowsOf<{ n: number }>(
        h,
        sql`
        select count(*)::int as n from exception where pattern = 'ownership-flapping' group by workflow`,
      )
      assert.deepEqual([...new Set(all.map(({ n }) => n))], [1])
    })
  }

  it('three workflows in a ring: one case names all three', async () => {
    const h = await start((crm) => [
      handingOn('a', 'to-kim', REP, KIM, crm),
      handingOn('b', 'to-lee', KIM, LEE, crm),
      handingOn('c', 'to-rep', LEE, REP, crm),
    ])
    await set(h, userId(h, REP), actor('person'))
    for (let turn = 0; turn < 9; turn += 1) {
      await echo(h)
      await h.settle()
    }
    assert.ok((await writes(h)).length <= 5)
    const [found, ...more] = await loops(h)
    assert.deepEqual([found?.class, more], ['unknown', []])
    for (const rule of ['to-kim', 'to-lee', 'to-rep']) assert.match(found!.what, new RegExp(rule))
  })

  it('a third workflow does not write a field that two others fight over, also where its write is planned', async () => {
    const h = await start((crm) => [giving('routing', 'all-rep', REP), handingOn('third', 'kim-to-lee', LEE, LEE, crm)])
    await turns(h, 4, actor('person', userId(h, LEE)))
    assert.equal((await loops(h)).length, 1)
    const planned = await sql<{ id: number; lease_epoch: number }>`
      insert into intent (connection_id, workflow, kind, object_type, record_id, payload, policy_hash, state, lease_epoch,
        lease_until, lease_by)
      select ${h.connection.id}, 'routing', 'owner', 'contacts', '1',
        jsonb_build_object('field', ${FIELD}::text, 'from', '1', 'to', '2'), hash, 'sending', 1,
        now() + interval '1 hour', 'test' from workflow where workflow = 'routing' returning id, lease_epoch`.execute(
      h.db,
    )
    const { id, lease_epoch: epoch } = planned.rows[0]!
    const asked = await rowsOf<{ refused: string }>(
      h,
      sql`select refused from gate_writes(${h.connection.id}, array[${id}]::bigint[], array[${epoch}]::int[], 1000, 0)`,
    )
    assert.deepEqual(asked, [{ refused: 'loop' }])
  })

  it('ends when the person gives in, counted apart, and not by time', async () => {
    const h = await start(() => [giving('routing', 'all-rep', REP)])
    await turns(h, 4, actor('person', userId(h, LEE)))
    h.advance(30 * 86_400_000)
    await sql`alter table exception disable trigger user`.execute(h.db)
    await sql`update exception set opened_at = opened_at - interval '30 days'`.execute(h.db)
    await sql`alter table write_attempt disable trigger user`.execute(h.db)
    await sql`update write_attempt set granted_at = granted_at - interval '30 days'`.execute(h.db)
    await sql`update change_event set received_at = received_at - interval '30 days'`.execute(h.db)
    await sql`update record set dirty_since = now()`.execute(h.db)
    await h.settle()
    assert.equal((await loops(h)).length, 1)
    await set(h, userId(h, REP), actor('person', userId(h, LEE)))
    assert.deepEqual([await loops(h), await how(h)], [[], ['explained-by-reading']])
  })

  it('ends when the policy of a side has a new version, which may write again', async () => {
    const h = await start(() => [giving('routing', 'all-rep', REP)])
    await turns(h, 4, actor('person', userId(h, LEE)))
    const before = (await writes(h)).length
    await publish(h, giving('routing', 'all-rep', REP, { title: 'Agreed with Lee' }))
    await sql`update record set dirty_since = now()`.execute(h.db)
    await h.settle()
    assert.deepEqual(await how(h), ['explained-by-reading'])
    assert.equal((await writes(h)).length, before, 'nothing but the version asks for it')
    await applyBacklog(h.db)
    await h.settle()
    assert.equal((await writes(h)).length, before + 1)
    assert.equal(owner(h), userId(h, REP))
  })

  it('ends with the record', async () => {
    const h = await start(() => [giving('routing', 'all-rep', REP)])
    await turns(h, 4, actor('person', userId(h, LEE)))
    await h.receive({ ...h.crm.change('contacts', '1', {}), kind: 'deleted' })
    h.crm.records.delete('contacts/1')
    await h.settle()
    assert.deepEqual([await loops(h), await how(h)], [[], ['record-gone']])
  })

  it('names an integration that writes back what a synced CRM says', async () => {
    const h = await start(() => [giving('routing', 'all-rep', REP)])
    await turns(h, 4, actor('integration', 'SALESFORCE'))
    const [found] = await loops(h)
    assert.match(found!.what, /an integration with HubSpot \(SALESFORCE\)/)
  })

  it('are none where a person sets the same owner, where nothing came of a write, and on another record', async () => {
    const h = await start(() => [giving('routing', 'all-rep', REP)])
    const lee = actor('person', userId(h, LEE))
    await turns(h, 5, lee, REP)
    await turns(h, 2, lee, KIM, '2')
    await turns(h, 2, lee, KIM, '3')
    for (let n = 0; n < 4; n += 1) h.crm.faults.push('refused')
    await turns(h, 4, lee, KIM, '4')
    assert.deepEqual(await loops(h), [])
  })

  it('are as many as the policy says, within its hours', async () => {
    const h = await start(() => [
      giving('routing', 'all-rep', REP, {
        guards: { ...contactPolicy().guards, loops: { alternations: 5, withinHours: 1 } },
      }),
    ])
    const lee = actor('person', userId(h, LEE))
    await turns(h, 3, lee)
    assert.deepEqual(await loops(h), [])
    await sql`alter table write_attempt disable trigger user`.execute(h.db)
    await sql`update write_attempt set granted_at = granted_at - interval '2 hours'`.execute(h.db)
    await sql`update change_event set received_at = received_at - interval '2 hours'`.execute(h.db)
    await turns(h, 2, lee)
    assert.deepEqual(await loops(h), [])
    await turns(h, 2, lee)
    assert.equal((await loops(h)).length, 1)
  })
})
