import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, directoryOf, HUBSPOT, PEOPLE, POLICY, SALESFORCE, user, versionOf } from '../../../test/support/example.ts'
import { fieldsNeeded } from '../patterns/contract/fields-needed.ts'
import { buildDirectory } from '../people/directory.ts'
import type { PolicyOwners } from '../policy/policy.ts'
import type { ConnectionId } from '../record/change-event.ts'
import type { CompanyPeople } from '../record/company-people.ts'
import { readiness } from './readiness.ts'

const connection = (id: ConnectionId, crm: string, title = crm) => ({ id, crm, title, arePeopleRead: true })
const CONNECTIONS = [connection(HUBSPOT, 'hubspot'), connection(SALESFORCE, 'salesforce')]
const without = (name: string, id: ConnectionId) =>
  PEOPLE.map((p) => (p.email === at(name) && p.connectionId === id ? { ...p, active: false } : p))

describe('readiness', () => {
  it('lets a workflow run as it asks to when everyone is there and accepted', () => {
    const { effectiveMode, problems } = readiness(versionOf(), directoryOf(), CONNECTIONS)
    assert.deepEqual([effectiveMode, problems], ['live', []])
  })

  it('part of M2: names the job and the e-mail of an unknown person, and allows no automated write', () => {
    const owners: PolicyOwners = { ...POLICY.owners, override: at('stranger') }
    const { effectiveMode, problems } = readiness(versionOf({ owners }), directoryOf(), CONNECTIONS)
    assert.equal(effectiveMode, 'observe')
    assert.deepEqual(
      problems.map(({ job, email }) => [job, email]),
      [['override', at('stranger')]],
    )
    assert.match(problems[0]!.step, /Name another person/)
  })

  it('part of M40: falls back where somebody is deactivated in one of the two CRMs, says so of that one, and runs in the other', () => {
    const { effectiveMode, byConnection, problems } = readiness(
      versionOf(),
      directoryOf(without('paul', SALESFORCE)),
      CONNECTIONS,
    )
    assert.deepEqual([effectiveMode, ...byConnection], ['live', [HUBSPOT, 'live'], [SALESFORCE, 'observe']])
    assert.deepEqual(
      problems.map(({ kind, email, connectionId }) => [kind, email, connectionId]),
      [['vacant', at('paul'), SALESFORCE]],
    )
    assert.match(problems[0]!.problem, /not an active user of Salesforce, so the workflow only observes there/)
  })

  it('takes a job for accepted under any e-mail that the company links to the person, and under no other', () => {
    const { [at('paul')]: day, ...accepted } = POLICY.owners.accepted
    const links = { persons: [[at('paul'), 'p.lee@northgate.io']], integrations: [] }
    const under = (email: string, people: CompanyPeople | undefined) => {
      const owners = { ...POLICY.owners, accepted: { ...accepted, [email]: day! } }
      const policy = people === undefined ? { owners } : { owners, people }
      return readiness(versionOf(policy), directoryOf(), CONNECTIONS).problems.map(({ problem }) => problem)
    }
    assert.deepEqual(under('p.lee@northgate.io', links), [])
    assert.deepEqual(under(at('paul'), links), [])
    for (const [email, people] of [
      ['p.lee@northgate.io', undefined],
      ['p.lee@northgate.com', links],
      [at('olga'), links],
    ] as const) {
      assert.deepEqual(under(email, people), [`${at('paul')} has not accepted the job "rollback"`], email)
    }
  })

  it('part of M32: counts several e-mails of one person as one', () => {
    const two = [at('paul'), 'p.lee@northgate.io']
    const [first, second] = two as [string, string]
    const owners: PolicyOwners = {
      ...POLICY.owners,
      reviewers: { general: [first], senior: [second], approved: [first] },
      ...{ override: second, rollback: first, boundary: first, data: first, workflow: second },
      accepted: { [first]: '2026-11-02' },
    }
    const kinds = (people: CompanyPeople | undefined) => {
      const known = [...PEOPLE, ...[HUBSPOT, SALESFORCE].map((id) => user(id, 'lee', { email: second }))]
      const version = versionOf(people === undefined ? { owners } : { owners, people })
      return readiness(version, buildDirectory(known, new Map()), CONNECTIONS).problems.map(({ kind }) => kind)
    }
    assert.deepEqual(kinds({ persons: [two], integrations: [] }), ['fragile'])
    assert.ok(!kinds(undefined).includes('fragile'))
  })

  it('leaves a job vacant whose e-mail is that of two active users, and names both', () => {
    const second = { ...PEOPLE.find((p) => p.userId === 'sf-paul')!, userId: 'sf-paul2', name: 'Sync' }
    const directory = buildDirectory([...PEOPLE, second], new Map())
    const { byConnection, problems } = readiness(versionOf(), directory, CONNECTIONS)
    assert.deepEqual(
      [...byConnection],
      [
        [HUBSPOT, 'live'],
        [SALESFORCE, 'observe'],
      ],
    )
    assert.match(
      problems[0]!.problem,
      /^paul@.* is the e-mail of several users of Salesforce: Paul \(sf-paul\) and Sync \(sf-paul2\)/,
    )
    const program = buildDirectory([...PEOPLE, { ...second, integration: true }], new Map())
    assert.deepEqual(readiness(versionOf(), program, CONNECTIONS).problems, [])
  })

  it('part of M40: falls back everywhere when somebody is deactivated in the last CRM', () => {
    const gone = new Set([at('paul')])
    const people = PEOPLE.map((p) => (gone.has(p.email ?? '') ? { ...p, active: false } : p))
    const { effectiveMode, byConnection, problems } = readiness(versionOf(), directoryOf(people), CONNECTIONS)
    assert.deepEqual([effectiveMode, ...byConnection.values()], ['observe', 'observe', 'observe'])
    assert.deepEqual(
      problems.map(({ connectionId }) => connectionId),
      [null],
    )
    assert.match(problems[0]!.problem, /not an active user of HubSpot and Salesforce$/)
  })

  it('needs one reviewer of each circle in a connection, and no more', () => {
    const { general, senior, approved } = POLICY.owners.reviewers
    const [first, second] = ['rita', 'ralf']
    const owners = { ...POLICY.owners, reviewers: { general: [at(first), at(second)], senior, approved } }
    assert.ok(general.length > 0)
    const modes = (people: typeof PEOPLE) =>
      readiness(versionOf({ owners }), directoryOf(people), CONNECTIONS).byConnection.get(SALESFORCE)
    assert.equal(modes(without(first, SALESFORCE)), 'live')
    const neither = without(first, SALESFORCE).map((p) =>
      p.email === at(second) && p.connectionId === SALESFORCE ? { ...p, active: false } : p,
    )
    assert.equal(modes(neither), 'observe')
  })

  it('names which of two portals of a CRM a job is vacant in', () => {
    const other = 'hs-2' as ConnectionId
    const two = [connection(HUBSPOT, 'hubspot', 'Main'), connection(other, 'hubspot', 'Acquired')]
    const people = [
      ...PEOPLE,
      ...PEOPLE.filter((p) => p.connectionId === HUBSPOT && p.email !== at('paul')).map((p) => ({
        ...p,
        connectionId: other,
      })),
    ]
    const { problems } = readiness(versionOf(), directoryOf(people), two)
    assert.deepEqual(
      problems.map(({ problem }) => problem),
      [`${at('paul')} is not an active user of HubSpot (Acquired), so the workflow only observes there`],
    )
  })

  it('misses nobody in a connection whose people were not read yet, and writes nothing there', () => {
    const fresh = { ...connection('hs-2' as ConnectionId, 'hubspot'), arePeopleRead: false }
    const { effectiveMode, byConnection, problems } = readiness(versionOf(), directoryOf(), [...CONNECTIONS, fresh])
    assert.deepEqual([effectiveMode, byConnection.get(fresh.id), problems], ['live', 'observe', []])
  })

  it('says of somebody whom the last list left out that they are being checked, and lets the workflow run', () => {
    const people = PEOPLE.map((p) =>
      p.email === at('paul') && p.connectionId === SALESFORCE ? { ...p, standing: 'unlisted' as const } : p,
    )
    const { effectiveMode, problems } = readiness(versionOf(), directoryOf(people), CONNECTIONS)
    assert.equal(effectiveMode, 'live')
    assert.deepEqual(
      problems.map(({ email, problem }) => [email, problem]),
      [[at('paul'), `${at('paul')} was not listed by Salesforce at the last look and is being checked`]],
    )
  })

  it('part of M40: falls back where the login of somebody is frozen, and says that it is', () => {
    const people = PEOPLE.map((p) =>
      p.email === at('paul') && p.connectionId === SALESFORCE ? { ...p, active: false, frozen: true } : p,
    )
    const { byConnection, problems } = readiness(versionOf(), directoryOf(people), CONNECTIONS)
    assert.equal(byConnection.get(SALESFORCE), 'observe')
    assert.match(problems[0]!.problem, /^\S+ cannot log in to Salesforce \(frozen\), so/)
  })

  it('part of M3: is not there while somebody has not accepted', () => {
    const accepted = { ...POLICY.owners.accepted }
    delete accepted[at('dora')]
    const { problems } = readiness(versionOf({ owners: { ...POLICY.owners, accepted } }), directoryOf(), CONNECTIONS)
    assert.deepEqual(
      problems.map(({ job }) => job),
      ['data'],
    )
  })

  it('part of M32: keeps a workflow with one person in every job out of live', () => {
    const me = at('rita')
    const owners: PolicyOwners = {
      reviewers: { general: [me], senior: [me], approved: [me] },
      override: me,
      rollback: me,
      boundary: me,
      data: me,
      workflow: me,
      accepted: { [me]: '2026-11-02' },
    }
    const pilot = { when: [], dailyCap: 5 }
    const modeOf = (over: Parameters<typeof versionOf>[0]) =>
      readiness(versionOf({ owners, ...over }), directoryOf(), CONNECTIONS).effectiveMode
    assert.equal(modeOf({ mode: 'live' }), 'observe')
    assert.equal(modeOf({ mode: 'live', pilot }), 'pilot')
    assert.equal(modeOf({ mode: 'pilot', pilot }), 'pilot')
  })

  it('never makes more of a draft than it is', () => {
    assert.equal(readiness(versionOf({ mode: 'draft' }), directoryOf([]), CONNECTIONS).effectiveMode, 'draft')
  })
})

describe('the fields that policies need', () => {
  it('are the shape, what patterns and conditions name, and history where age counts', () => {
    const { fields, historyFields } = fieldsNeeded([POLICY], 'hubspot', 'contacts')
    for (const field of [
      'email',
      'country',
      'hubspot_owner_id',
      'company',
      'hs_lead_status',
      'territory',
      'lifecyclestage',
    ]) {
      assert.ok(fields.includes(field), field)
    }
    assert.deepEqual(historyFields, ['hs_lead_status', 'hubspot_owner_id'])
  })

  it('of one object do not spill into the other', () => {
    const { fields } = fieldsNeeded([POLICY], 'salesforce', 'Lead')
    assert.ok(!fields.includes('territory'))
    assert.ok(!fields.includes('lifecyclestage'))
  })

  it('do not include what Salesforce keeps beside the record, which is said apart', () => {
    const stale = { pattern: 'stale-territory', field: '@territories' } as const
    const scope = [{ field: 'account.@territories', op: 'not-blank' as const }]
    const policy = { ...POLICY, objects: [{ crm: 'salesforce', object: 'Lead' }] as const, patterns: [stale], scope }
    for (const object of ['Lead', 'Account']) {
      const { fields, historyFields, ours } = fieldsNeeded([policy], 'salesforce', object)
      assert.deepEqual(ours, ['@territories'], object)
      assert.ok(![...fields, ...historyFields].some((field) => field.includes('@')))
    }
    assert.deepEqual(fieldsNeeded([policy], 'salesforce', 'Contact').ours, [])
    assert.deepEqual(fieldsNeeded([POLICY], 'salesforce', 'Lead').ours, [])
  })

  it('of the linked account include what conditions ask of it', () => {
    const scope = [{ field: 'account.industry', op: 'blank' as const }]
    assert.ok(fieldsNeeded([{ ...POLICY, scope }], 'hubspot', 'companies').fields.includes('industry'))
    assert.ok(!fieldsNeeded([{ ...POLICY, scope }], 'hubspot', 'contacts').fields.includes('industry'))
  })
})
