import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { CrmClient } from '../../src/crm/crm-client.ts'
import type { Branch } from '../../src/model/policy/policy.ts'
import { actBatch } from '../../src/pipeline/act/act.ts'
import { publishPolicies } from '../../src/pipeline/decide/publish-policies.ts'
import { claimIntents } from '../../src/store/writes/intents.ts'
import type { PauseScope } from '../../src/store/writes/pauses.ts'
import { askGate } from '../../src/store/writes/write-gate.ts'
import { SHIPPED_TIMING } from '../../src/store/writes/write-timing.ts'
import { copyConnection } from '../support/copy-connection.ts'
import { pauseScope, resumeScope, WORKFLOW_SCOPE } from '../support/pauses.ts'
import { contactPolicy, type Harness, pipelineHarness, staff, versionOf, withDecidedContacts } from './harness.ts'

const { rules } = contactPolicy().boundary[0]!

/** Contacts of Germany and of Austria are assigned by a branch each; France has no rule, so a person decides. */
const TWO_BRANCHES: readonly Branch[] = [
  { ...contactPolicy().boundary[0]!, branch: 'germany', when: [{ field: 'country', op: 'in', values: ['DE'] }] },
  {
    ...contactPolicy().boundary[0]!,
    branch: 'elsewhere',
    rules: [{ ...rules[0]!, id: 'at', when: [{ field: 'country', op: 'in', values: ['AT'] }] }],
  },
]

describe('a pause', () => {
  const started: Harness[] = []
  after(() => Promise.all(started.map((h) => h.stop())))
  const start = async () => {
    const h = await pipelineHarness((crm) => {
      staff(crm)
      return [contactPolicy({ boundary: TWO_BRANCHES })]
    })
    started.push(h)
    await sql`update call_budget set day_ends_at = now() + interval '1 day'`.execute(h.db)
    return h
  }
  const decided = (country: string, ids?: readonly string[]) => withDecidedContacts(start, country, ids)
  const here = (h: Harness): PauseScope => ({ kind: 'connection', connectionId: h.crm.connectionId })
  const branch = (name: string): PauseScope => ({ kind: 'branch', workflow: 'routing', branch: name })
  const rep = (h: Harness) => h.crm.users.find((u) => u.email === 'rep@x.example')!.userId
  const owner = (h: Harness, id = '1') => h.crm.records.get(`contacts/${id}`)?.hubspot_owner_id
  const permits = async (h: Harness) =>
    (
      await sql<{ connection_id: string; kinds: string[]; why: string; paused_branches: string[] }>`
        select connection_id, kinds, why, paused_branches from permit where workflow <> '' order by connection_id, workflow`.execute(
        h.db,
      )
    ).rows
  const waiting = async (h: Harness) =>
    (
      await sql<{ state: string; not_sent: string | null }>`
        select state, not_sent from intent where kind = 'owner' order by id`.execute(h.db)
    ).rows
  const arrives = async (h: Harness, id: string, country: string) => {
    await h.receive(
      h.crm.change('contacts', id, { createdate: '2026-11-20T08:00:00.000Z', country, hubspot_owner_id: null }),
    )
  }
  const writesOf = (h: Harness, what: string) => h.crm.calls.filter((call) => call.startsWith(what)).length

  it('part of M22: while paused nothing but tasks is written, and events are received, decided and recorded', async () => {
    for (const scopeOf of [() => WORKFLOW_SCOPE, here]) {
      const h = await decided('DE')
      const id = await pauseScope(h.db, scopeOf(h))
      await arrives(h, '2', 'FR')
      await arrives(h, '3', 'AT')
      await h.settle()
      assert.deepEqual([writesOf(h, 'writeOwners'), owner(h, '1'), owner(h, '3')], [0, null, null])
      // France needs a person: their task is written all the same.
      assert.equal(h.crm.openTasks().length, 1)
      assert.deepEqual(await waiting(h), [
        { state: 'pending', not_sent: null },
        { state: 'pending', not_sent: null },
      ])
      const { rows } = await sql<{ state: string }>`select distinct state from change_event`.execute(h.db)
      assert.deepEqual(rows, [{ state: 'applied' }])
      assert.equal(await resumeScope(h.db, id), true)
      await h.settle()
      assert.deepEqual([owner(h, '1'), owner(h, '3')], [rep(h), rep(h)])
    }
  })

  it('of a branch keeps back what this branch decided, and nothing else', async () => {
    const h = await decided('DE')
    const id = await pauseScope(h.db, branch('germany'))
    await arrives(h, '2', 'AT')
    await h.settle()
    assert.deepEqual([owner(h, '1'), owner(h, '2')], [null, rep(h)])
    assert.deepEqual((await permits(h))[0]!.paused_branches, ['germany'])
    await resumeScope(h.db, id)
    await h.settle()
    assert.equal(owner(h, '1'), rep(h))
  })

  it('between claim and bytes is obeyed by the gate, which says why, and what it refused waits for the end of the pause', async () => {
    for (const [scopeOf, reason] of [
      [() => WORKFLOW_SCOPE, 'paused'],
      [here, 'connection-paused'],
      [() => branch('germany'), 'branch-paused'],
    ] as const) {
      const h = await decided('DE')
      let pause = 0
      const meanwhile: CrmClient = {
        ...h.crm.client(),
        writeOwners: async (writes, gate) => {
          pause = await pauseScope(h.db, scopeOf(h))
          return h.crm.client().writeOwners(writes, gate)
        },
      }
      await actBatch({ ...h.actDependencies(), client: meanwhile })
      assert.deepEqual(await waiting(h), [{ state: 'cancelled', not_sent: reason }])
      const counted = async () =>
        (
          await sql<{ detail: string; n: number }>`
            select detail, n::int as n from counter where name = 'write-not-sent'`.execute(h.db)
        ).rows
      assert.deepEqual(await counted(), [{ detail: reason, n: 1 }])
      // Decided again: it waits now, and is not claimed to be refused again and again.
      await h.settle()
      assert.deepEqual((await waiting(h)).at(-1), { state: 'pending', not_sent: null })
      assert.deepEqual([await counted(), owner(h)], [[{ detail: reason, n: 1 }], null])
      await resumeScope(h.db, pause)
      await h.settle()
      assert.equal(owner(h), rep(h))
    }
  })

  it('waits for a gate that is being passed, lists what passed, and lets nothing pass after its commit', async () => {
    const h = await decided('DE', ['1', '2'])
    const [first, second] = await claimIntents(h.db, h.crm.connectionId, 'owner', 10, 'test')
    let id: Promise<number> | null = null
    await h.db.transaction().execute(async (trx) => {
      const { verdicts } = await askGate(trx, h.crm.connectionId, [first!], SHIPPED_TIMING)
      assert.ok('attemptId' in verdicts.get(first!.id)!)
      let isPaused = false
      id = pauseScope(h.db, WORKFLOW_SCOPE).then((paused) => {
        isPaused = true
        return paused
      })
      await sql`select pg_sleep(0.2)`.execute(trx)
      assert.equal(isPaused, false)
    })
    await id
    const { rows } = await sql<{ intent_id: number }>`
      select a.intent_id from pause_grant g join write_attempt a on a.id = g.attempt_id`.execute(h.db)
    assert.deepEqual(rows, [{ intent_id: first!.id }])
    const { verdicts } = await askGate(h.db, h.crm.connectionId, [first!, second!], SHIPPED_TIMING)
    assert.deepEqual([...verdicts.values()], [{ refused: 'paused' }, { refused: 'paused' }])
  })

  it('keeps its permits, whatever is connected, published or lost while it lasts', async () => {
    const h = await decided('DE')
    await pauseScope(h.db, WORKFLOW_SCOPE)
    const paused = { kinds: ['task', 'job', 'undo', 'setup'], why: 'paused', paused_branches: [] }
    const held = async () => (await permits(h)).map(({ connection_id: _, ...permit }) => permit)
    await sql`update workflow set effective_mode = 'observe'`.execute(h.db)
    assert.deepEqual(await held(), [paused])
    await sql`update workflow set effective_mode = 'live'`.execute(h.db)
    assert.deepEqual(await held(), [paused])
    await sql`update connection set writes_since = null`.execute(h.db)
    assert.deepEqual(await held(), [{ kinds: [], why: 'writing-off', paused_branches: [] }])
    await sql`update connection set writes_since = now()`.execute(h.db)
    assert.deepEqual(await held(), [paused])
    await copyConnection(h.db, 'z-2')
    assert.deepEqual(await held(), [paused, paused])
    await sql`update workflow set mode = 'observe', effective_mode = 'observe'`.execute(h.db)
    const observes = { kinds: ['job', 'setup'], why: 'observe', paused_branches: [] }
    assert.deepEqual(await held(), [observes, observes])
  })

  it('of a connection leaves the same workflow alone in another connection', async () => {
    const h = await decided('DE')
    await copyConnection(h.db, 'z-2')
    await pauseScope(h.db, here(h))
    assert.deepEqual(
      (await permits(h)).map(({ why }) => why),
      ['connection-paused', ''],
    )
  })

  it('of a connection ends for each workflow apart, and comes back for all of them', async () => {
    const h = await decided('DE')
    await sql`
      insert into workflow select (jsonb_populate_record(w, '{"workflow": "other"}')).* from workflow w`.execute(h.db)
    const whys = async () => (await permits(h)).map(({ why }) => why)
    const id = await pauseScope(h.db, here(h))
    assert.deepEqual(await whys(), ['connection-paused', 'connection-paused'])
    assert.equal(await resumeScope(h.db, id, ['other']), false)
    assert.deepEqual(await whys(), ['', 'connection-paused'])
    assert.equal(await resumeScope(h.db, id, ['other']), null)
    const again = await pauseScope(h.db, here(h))
    assert.notEqual(again, id)
    assert.deepEqual(await whys(), ['connection-paused', 'connection-paused'])
    assert.equal(await resumeScope(h.db, again, ['other', 'routing']), true)
    assert.deepEqual(await whys(), ['', ''])
    await assert.rejects(sql`delete from pause_release`.execute(h.db), /are kept/)
    await assert.rejects(sql`update pause_release set released_by = 'x'`.execute(h.db), /A pause ends once/)
  })

  it('of a branch that a new version no longer has pauses all of the workflow, until it is ended', async () => {
    const h = await decided('DE')
    const id = await pauseScope(h.db, branch('germany'))
    const renamed = contactPolicy({ boundary: [{ ...TWO_BRANCHES[0]!, branch: 'dach' }, TWO_BRANCHES[1]!] })
    const publish = () =>
      publishPolicies(h.db, {
        loaded: [{ file: 'routing.yaml', source: '', version: versionOf(renamed) }],
        refused: [],
      })
    await publish()
    await arrives(h, '2', 'AT')
    await h.settle()
    assert.deepEqual([owner(h, '1'), owner(h, '2')], [null, null])
    assert.equal((await permits(h))[0]!.why, 'lost-branch-paused')
    await resumeScope(h.db, id)
    await h.settle()
    assert.deepEqual([owner(h, '1'), owner(h, '2')], [rep(h), rep(h)])
  })

  it('leaves a record alone that somebody assigned by hand meanwhile', async () => {
    const h = await decided('DE')
    const id = await pauseScope(h.db, WORKFLOW_SCOPE)
    const other = h.crm.users.find((u) => u.email === 'gen@x.example')!.userId
    // By hand in the CRM, and the event never came.
    h.crm.records.get('contacts/1')!.hubspot_owner_id = other
    await resumeScope(h.db, id)
    await h.act()
    assert.equal(owner(h), other)
    assert.deepEqual(await waiting(h), [{ state: 'cancelled', not_sent: null }])
  })

  it('of one branch, of the workflow and of the connection are three, and each of them has to end', async () => {
    const h = await decided('DE')
    const ids: number[] = []
    for (const scope of [branch('germany'), WORKFLOW_SCOPE, here(h)]) ids.push(await pauseScope(h.db, scope))
    for (const id of ids) {
      await h.settle()
      assert.equal(owner(h), null)
      assert.equal(await resumeScope(h.db, id), true)
    }
    await h.settle()
    assert.equal(owner(h), rep(h))
  })

  it('that is there already is the same one, and one that has ended stays ended', async () => {
    const h = await decided('DE')
    const id = await pauseScope(h.db, WORKFLOW_SCOPE, 'first')
    assert.equal(await pauseScope(h.db, WORKFLOW_SCOPE, 'second'), id)
    assert.equal(await resumeScope(h.db, id), true)
    assert.equal(await resumeScope(h.db, id), null)
    assert.notEqual(await pauseScope(h.db, WORKFLOW_SCOPE), id)
  })

  it('is history: it ends once, and nothing else of it changes or goes', async () => {
    const h = await decided('DE')
    const id = await pauseScope(h.db, WORKFLOW_SCOPE)
    for (const change of [
      sql`update pause set reason = 'another'`,
      sql`update pause set paused_by = 'person:other'`,
      sql`update pause set workflow = 'other'`,
    ]) {
      await assert.rejects(change.execute(h.db), /A pause ends once/)
    }
    await assert.rejects(sql`delete from pause`.execute(h.db), /are kept/)
    await resumeScope(h.db, id)
    for (const change of [
      sql`update pause set ended_at = null, ended_by = null`,
      sql`update pause set ended_by = 'person:other'`,
    ]) {
      await assert.rejects(change.execute(h.db), /A pause ends once/)
    }
  })
})
