import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Actor } from '../../src/model/authority/acts.ts'
import type { Mode, Policy } from '../../src/model/policy/policy.ts'
import type { ConnectionId } from '../../src/model/record/change-event.ts'
import { changeMode, ModeRefusedError } from '../../src/people/change-mode.ts'
import { RefusedError } from '../../src/people/refused.ts'
import { publishPolicies, refreshReadiness } from '../../src/pipeline/decide/publish-policies.ts'
import { backlogs } from '../../src/store/decisions/backlog-view.ts'
import { modeChanges } from '../../src/store/decisions/mode-changes.ts'
import { policiesInForce } from '../../src/store/decisions/policies.ts'
import { CREATED, contact, userId } from '../pipeline/contacts.ts'
import { contactPolicy, type Harness, pipelineHarness, staff, versionOf } from '../pipeline/harness.ts'
import { jobHeld, personWho } from '../support/jobs.ts'

/** Everybody that a workflow needs, by the start of their address. */
const PEOPLE = {
  gen: { lane: 'review', circle: 'general' },
  sen: { lane: 'review', circle: 'senior' },
  app: { lane: 'review', circle: 'approved' },
  over: { lane: 'override' },
  roll: { lane: 'rollback' },
  bound: { lane: 'boundary' },
  data: { lane: 'data' },
  wf: { lane: 'workflow' },
  rep: { lane: 'workflow', deputy: true },
} as const

describe('how far a workflow may go', () => {
  const started: Harness[] = []
  after(() => Promise.all(started.map((h) => h.stop())))

  const start = async (of: Partial<Policy> = {}) => {
    const h = await pipelineHarness((crm) => {
      staff(crm)
      return [contactPolicy({ patterns: [], ...of })]
    })
    started.push(h)
    const ids: Record<string, string> = {}
    for (const [name, job] of Object.entries(PEOPLE)) {
      const users = [[h.connection.id as ConnectionId, userId(h, `${name}@x.example`)]] as const
      ids[name] = await personWho(h.db, name, { mail: `${name}@x.example`, users })
      await jobHeld(h.db, ids[name], job)
    }
    ids.stranger = await personWho(h.db, 'stranger', { mail: 'stranger@x.example' })
    await refreshReadiness(h.db)
    const person = (name: string, strength: 'strong' | 'weak' | 'server' = 'strong'): Actor => ({
      kind: 'person',
      personId: ids[name]!,
      strength,
      signedInAtMs: Date.now(),
      isActive: true,
      isActiveInCrm: null,
    })
    return { h, person, ids }
  }
  const to = async (h: Harness, actor: Actor, mode: Mode, dailyCap: number | null = null, seenId?: number) => {
    const [last] = await modeChanges(h.db, 'routing', 1)
    return changeMode(h.db, actor, { workflow: 'routing', mode, dailyCap, why: 'A test', seenId: seenId ?? last!.id })
  }
  const runs = async (h: Harness) => {
    const policy = (await h.workflows(h.connection.id as ConnectionId))[0]?.version.policy
    return [policy?.mode, policy?.pilot?.dailyCap ?? null]
  }
  const refuses = (promise: Promise<unknown>, code: string) =>
    assert.rejects(promise, (error) => error instanceof RefusedError && error.verdict.code === code)
  const kinds = async (h: Harness) =>
    (await sql<{ kind: string }>`select kind from ledger where kind like 'mode-%' order by seq`.execute(h.db)).rows.map(
      ({ kind }) => kind,
    )

  it('is a row: it begins as its version says, and another version changes nothing about it', async () => {
    const { h, person } = await start()
    assert.deepEqual(await runs(h), ['live', null])
    await to(h, person('roll'), 'observe')
    assert.deepEqual(await runs(h), ['observe', null])
    const loaded = [{ file: 'routing.yaml', source: '', version: versionOf(contactPolicy({ title: 'Another' })) }]
    await publishPolicies(h.db, { loaded, refused: [] })
    assert.deepEqual(await runs(h), ['observe', null])
    const policy = (await policiesInForce(h.db))[0]?.policy
    assert.deepEqual([policy?.title, policy?.mode], ['Another', 'observe'])
    const history = await modeChanges(h.db, 'routing', 10)
    assert.deepEqual(
      history.map(({ mode, origin, isRaise }) => [mode, origin, isRaise]),
      [
        ['observe', 'person', false],
        ['live', 'first-version', false],
      ],
    )
    await assert.rejects(sql`delete from mode_change`.execute(h.db), /kept/)
    await assert.rejects(sql`update mode_change set mode = 'live'`.execute(h.db), /kept/)
  })

  it('only observes at first where two people published it', async () => {
    const { h } = await start()
    const version = versionOf(contactPolicy({ workflow: 'second', title: 'Second' }))
    const first = versionOf(contactPolicy({ patterns: [] }))
    const loaded = [first, version].map((one) => ({ file: `${one.policy.workflow}.yaml`, source: '', version: one }))
    await publishPolicies(h.db, { loaded, refused: [], atFirst: 'observe' })
    const modes = (await policiesInForce(h.db)).map(({ policy }) => [policy.workflow, policy.mode])
    assert.deepEqual(modes, [
      ['routing', 'live'],
      ['second', 'observe'],
    ])
  })

  it('is raised by the workflow owner with a sign-in of their own, and lowered by one of three owners however they came', async () => {
    const { h, person } = await start({ mode: 'observe' })
    for (const name of ['gen', 'rep', 'roll', 'bound', 'over', 'data', 'stranger']) {
      await refuses(to(h, person(name), 'live'), 'not-named')
    }
    await refuses(to(h, person('wf', 'weak'), 'live'), 'weak-sign-in')
    await refuses(to(h, { kind: 'lanekeeper' }, 'live'), 'machine')
    assert.deepEqual(await runs(h), ['observe', null])
    for (const name of ['roll', 'bound', 'wf', 'rep']) {
      await to(h, person('wf'), 'live')
      assert.deepEqual(await runs(h), ['live', null])
      for (const other of ['gen', 'over', 'data', 'stranger'])
        await refuses(to(h, person(other), 'observe'), 'not-named')
      await to(h, person(name, 'weak'), 'observe')
      assert.deepEqual(await runs(h), ['observe', null])
    }
    assert.equal((await kinds(h)).length, 8)
  })

  it('a pilot needs a cap; a higher one is a raise, a lower one is not', async () => {
    const { h, person } = await start({ mode: 'observe' })
    await assert.rejects(to(h, person('wf'), 'pilot'), ModeRefusedError)
    await to(h, person('wf'), 'pilot', 10)
    assert.deepEqual(await runs(h), ['pilot', 10])
    await refuses(to(h, person('roll'), 'pilot', 11), 'not-named')
    await to(h, person('roll'), 'pilot', 5)
    assert.deepEqual(await runs(h), ['pilot', 5])
    await to(h, person('wf'), 'pilot', 20)
    assert.deepEqual(
      [await runs(h), await kinds(h)],
      [
        ['pilot', 20],
        ['mode-raised', 'mode-lowered', 'mode-raised'],
      ],
    )
  })

  it('of two who change it at once the second is told', async () => {
    const { h, person } = await start()
    const [last] = await modeChanges(h.db, 'routing', 1)
    const both = await Promise.all([
      to(h, person('roll'), 'observe', null, last!.id),
      to(h, person('bound'), 'draft', null, last!.id),
    ])
    assert.equal(both.filter((one) => one === null).length, 1)
    assert.equal((await kinds(h)).length, 1)
  })

  it('is not raised while a job is vacant', async () => {
    const { h, person } = await start({ mode: 'observe' })
    await sql`update workflow set problems = '[{"kind": "vacant"}]'`.execute(h.db)
    await assert.rejects(to(h, person('wf'), 'live'), ModeRefusedError)
    assert.deepEqual([await runs(h), await kinds(h)], [['observe', null], []])
  })

  it('after a raise records that change are written, and what was decided before waits for a person', async () => {
    const { h, person } = await start({ mode: 'observe' })
    const events = Array.from({ length: 12 }, (_, i) => {
      const fields = { createdate: CREATED, firstname: `C${i}`, country: 'DE', hubspot_owner_id: null }
      return { ...h.crm.change('contacts', String(i), fields), complete: true, source: 'baseline' as const }
    })
    await h.receive(...events)
    await h.settle()
    // Changed while it only observed, and long since decided.
    await h.receive(contact(h, '3', { firstname: 'Changed' }))
    await h.settle()
    await to(h, person('wf'), 'live')
    await h.receive(contact(h, '5', { firstname: 'Changed' }))
    await h.settle()
    const { rows } = await sql<{ id: string }>`select record_id as id from intent where kind = 'owner'`.execute(h.db)
    assert.deepEqual(rows, [{ id: '5' }])
    const [backlog] = await backlogs(h.db)
    assert.deepEqual([backlog?.waiting, backlog?.because], [11, 'raise'])
  })

  it('a lowered mode holds what is about to leave', async () => {
    const { h, person } = await start()
    await h.receive(contact(h, '1', { createdate: CREATED, country: 'DE', hubspot_owner_id: null }))
    await h.apply()
    await h.refresh()
    await h.decide()
    await to(h, person('bound'), 'observe')
    await h.act()
    assert.equal(h.crm.calls.filter((call) => call.startsWith('writeOwners')).length, 0)
  })
})
