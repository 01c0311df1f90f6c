import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, directoryOf, HUBSPOT, PEOPLE, POLICY, SALESFORCE, versionOf } from '../../../test/support/example.ts'
import { fieldsNeeded } from '../patterns/contract/fields-needed.ts'
import type { PolicyOwners } from '../policy/policy.ts'
import { readiness } from './readiness.ts'

const CONNECTIONS = new Map([
  ['hubspot', [HUBSPOT]],
  ['salesforce', [SALESFORCE]],
])

describe('readiness', () => {
  it('lets a workflow run as it asks to when everyone is there and accepted', () => {
    assert.deepEqual(readiness(versionOf(), directoryOf(), CONNECTIONS), { effectiveMode: 'live', problems: [] })
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

  it('part of M40: falls back when somebody is deactivated in one of the two CRMs', () => {
    const people = PEOPLE.map((p) =>
      p.email === at('paul') && p.connectionId === SALESFORCE ? { ...p, active: false } : p,
    )
    const { effectiveMode, problems } = readiness(versionOf(), directoryOf(people), CONNECTIONS)
    assert.equal(effectiveMode, 'observe')
    assert.match(problems[0]!.problem, /not an active user of Salesforce/)
    assert.equal(readiness(versionOf(), directoryOf(people), new Map([['hubspot', [HUBSPOT]]])).effectiveMode, 'live')
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

  it('part of M40: falls back when the login of somebody is frozen, and says that it is', () => {
    const people = PEOPLE.map((p) =>
      p.email === at('paul') && p.connectionId === SALESFORCE ? { ...p, active: false, frozen: true } : p,
    )
    const { effectiveMode, problems } = readiness(versionOf(), directoryOf(people), CONNECTIONS)
    assert.equal(effectiveMode, 'observe')
    assert.equal(problems[0]?.problem, `${at('paul')} cannot log in to Salesforce (frozen)`)
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
