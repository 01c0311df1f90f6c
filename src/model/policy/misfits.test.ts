import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { POLICY } from '../../../test/support/example.ts'
import type { FieldSchema } from '../record/crm-facts.ts'
import type { Condition } from '../rules/condition.ts'
import { misfits } from './misfits.ts'

const field = (name: string, type: FieldSchema['type'] = 'text', options: string[] = []): FieldSchema => ({
  name,
  label: name,
  type,
  options,
  writable: true,
})
const FIELDS = [
  field('lifecyclestage', 'picklist', ['lead', 'customer']),
  field('lead_type', 'picklist', ['Partner', 'Reseller', 'Direct']),
  field('qualification', 'picklist', ['Qualified', 'Open']),
  field('channels', 'multi-picklist', ['Web', 'Phone']),
  field('score', 'number'),
  field('closedate', 'instant'),
  field('signed', 'day'),
  field('is_vip', 'boolean'),
  field('company'),
]

function found(condition: Condition, skip: string[] = []) {
  const rule = { id: 'wrong', when: [condition], owner: 'a@b.example', because: '' }
  const [branch] = POLICY.boundary
  const policy = {
    ...POLICY,
    scope: [],
    objects: [{ crm: 'hubspot' as const, object: 'contacts' }],
    classes: [],
    territories: [],
    action: { ...POLICY.action, when: 'never' as const },
    boundary: [{ ...branch!, when: [], rules: [rule] }],
  }
  return misfits(policy, 'hubspot', 'contacts', FIELDS, new Set(skip))
}

describe('what a policy asks that the CRM cannot answer', () => {
  it('case X04: is a field that does not exist, with the nearest names', () => {
    const [one, ...more] = found({ field: 'LifecycleStage', op: 'in', values: ['lead'] })
    assert.deepEqual(more, [])
    assert.equal(one?.says, 'the CRM shows us no field LifecycleStage on the contact')
    assert.match(one.remedy, /^Write lifecyclestage\. /)
    assert.match(one.remedy, /If contacts does have a field of that name, let the integration user read it\.$/)
    assert.deepEqual(one.path, ['boundary', 0, 'rules', 0, 'when', 0])
    assert.equal(one.part, 'the rule wrong')
    assert.match(found({ field: 'leadtype', op: 'blank' })[0]!.remedy, /Write lead_type/)
    assert.match(found({ field: 'chanels', op: 'blank' })[0]!.remedy, /Write channels/)
    assert.match(found({ field: 'hubspot.contacts.xyz', op: 'blank' })[0]!.remedy, /Correct the name xyz/)
  })

  it('is no field that the CRM brings along and hides, of ours, of another object, or said otherwise', () => {
    for (const name of [
      'email',
      'country',
      '@territories',
      'fact.country',
      'account.industry',
      'salesforce.Lead.Foo',
    ]) {
      assert.deepEqual(found({ field: name, op: 'blank' }), [], name)
    }
    assert.deepEqual(found({ field: 'removed', op: 'blank' }, ['removed']), [])
  })

  it('case X05: is a value that its list does not have, with the nearest', () => {
    const [one] = found({ field: 'lead_type', op: 'in', values: ['Partnr', 'Direct'] })
    assert.equal(one?.says, 'the list of lead_type has no value "Partnr"')
    assert.equal(one.remedy, 'Write "Partner". Its values are Partner, Reseller, Direct.')
    assert.equal(
      found({ field: 'channels', op: 'in', values: ['Web;Fax'] })[0]?.says,
      'the list of channels has no value "Fax"',
    )
    assert.equal(found({ field: 'channels', op: 'contains', values: ['We'] })[0]?.kind, 'no-such-value')
    assert.equal(found({ field: 'is_vip', op: 'in', values: ['yes'] })[0]?.kind, 'no-such-value')
  })

  it('is no value that is only excluded and that nobody has, unless another one was meant', () => {
    assert.deepEqual(found({ field: 'lead_type', op: 'not-in', values: ['nothing'] }), [])
    const [slip] = found({ field: 'lead_type', op: 'not-in', values: ['Partnr', 'nothing'] })
    assert.match(slip!.remedy, /Write "Partner"/)
    assert.equal(slip!.stops, false)
    assert.deepEqual(found({ field: 'qualification', op: 'not-in', values: ['Unqualified'] }), [], 'another word')
    assert.equal(found({ field: 'lead_type', op: 'in', values: ['Partnr'] })[0]!.stops, true)
    assert.equal(found({ field: 'nowhere', op: 'not-in', values: ['x'] })[0]!.stops, true)
    assert.equal(found({ field: 'score', op: 'not-in', values: ['high'] })[0]!.stops, false)
  })

  it('is a value or a range of another type', () => {
    for (const condition of [
      { field: 'score', op: 'in', values: ['high'] },
      { field: 'score', op: 'range', from: '2026-01-01', below: null },
      { field: 'closedate', op: 'range', from: '5', below: null },
      { field: 'signed', op: 'in', values: ['yesterday'] },
      { field: 'company', op: 'older-than', days: 3 },
      { field: 'is_vip', op: 'range', from: '1', below: null },
    ] as const) {
      assert.equal(found(condition)[0]?.kind, 'wrong-type', JSON.stringify(condition))
    }
  })

  it('is an amount without its currency where records may be in several, and decides all the same', () => {
    const amount = {
      name: 'budget',
      label: 'Budget',
      type: 'number',
      options: [],
      writable: true,
      isAmount: true,
    } as const
    const currency = (options: string[]) => ({
      ...amount,
      name: 'deal_currency_code',
      type: 'picklist' as const,
      options,
    })
    const policy = (condition: Condition) => ({
      ...POLICY,
      objects: [{ crm: 'hubspot' as const, object: 'deals' }],
      scope: [condition],
    })
    const range = { field: 'budget', op: 'range', from: '5000', below: null } as const
    const of = (condition: Condition, options: string[]) =>
      misfits(policy(condition), 'hubspot', 'deals', [amount, currency(options)]).filter(
        ({ path }) => path[0] === 'scope',
      )
    const [found] = of(range, ['EUR', 'USD'])
    assert.deepEqual([found?.kind, found?.stops], ['no-currency', false])
    assert.match(`${found?.says}. ${found?.remedy}`, /is an amount in EUR or USD, .*currency: EUR/)
    assert.deepEqual(of(range, ['EUR']), [])
    assert.deepEqual(of({ ...range, field: 'budget in EUR' }, ['EUR', 'USD']), [])
    assert.deepEqual(of({ field: 'budget', op: 'not-blank' }, ['EUR', 'USD']), [])
    const { isAmount: _, ...headcount } = amount
    assert.deepEqual(misfits(policy(range), 'hubspot', 'deals', [headcount, currency(['EUR', 'USD'])]), [])
  })

  it('is a part that no value of a list has, a range that none lies in, and an e-mail in the place of an id', () => {
    for (const [condition, kind] of [
      [{ field: 'lead_type', op: 'prefix', values: ['Partnr'] }, 'no-such-value'],
      [{ field: 'lead_type', op: 'contains', values: ['seler', 'rect'] }, 'no-such-value'],
      [{ field: 'channels', op: 'prefix', values: ['Fax'] }, 'no-such-value'],
      [{ field: 'lead_type', op: 'range', from: '5', below: null }, 'wrong-type'],
      [{ field: 'is_vip', op: 'prefix', values: ['t'] }, 'wrong-type'],
    ] as const) {
      assert.equal(found(condition)[0]?.kind, kind, JSON.stringify(condition))
    }
    const grade = field('grade', 'picklist', ['1', '2', '3'])
    const owner = field('hubspot_owner_id', 'reference')
    const of = (scope: Condition) =>
      misfits({ ...POLICY, scope: [scope] }, 'hubspot', 'contacts', [grade, owner]).filter(
        ({ path }) => path[0] === 'scope',
      )
    assert.deepEqual(of({ field: 'grade', op: 'range', from: '2', below: null }), [])
    assert.equal(of({ field: 'grade', op: 'range', from: '4', below: null }).length, 1)
    assert.match(of({ field: 'hubspot_owner_id', op: 'in', values: ['ann@x.de'] })[0]!.remedy, /fact\.owner/)
    assert.deepEqual(of({ field: 'hubspot_owner_id', op: 'in', values: ['4471'] }), [])
  })

  it('is a value that the scope, the branch or the same list leaves out of a field of one value', () => {
    const of = (scope: Condition, branch: Condition, rule: Condition) => {
      const [first] = POLICY.boundary
      const rules = [{ id: 'r', when: [rule], owner: 'a@b.de', because: '' }]
      const policy = { ...POLICY, scope: [scope], boundary: [{ ...first!, when: [branch], rules }] }
      return misfits(policy, 'hubspot', 'contacts', FIELDS).filter(({ kind }) => kind === 'never-holds')
    }
    const asked = (name: string, ...values: string[]): Condition => ({ field: name, op: 'in', values })
    const [found] = of(asked('lifecyclestage', 'lead'), asked('company', 'x'), asked('lifecyclestage', 'customer'))
    assert.deepEqual([found?.part, found?.stops], ['the rule r', false])
    assert.match(found!.says, /can never hold beside "lifecyclestage is lead" of the scope/)
    const branch = of(asked('company', 'x'), asked('lead_type', 'Direct'), asked('lead_type', 'Partner'))
    assert.equal(branch.length, 1)
    const fine = of(asked('channels', 'Web'), asked('lead_type', 'Direct', 'Partner'), asked('channels', 'Phone'))
    assert.deepEqual(fine, [])
  })

  it('is nothing that can be answered', () => {
    for (const condition of [
      { field: 'lead_type', op: 'in', values: ['partner', ' RESELLER'] },
      { field: 'channels', op: 'not-in', values: ['Phone;Web'] },
      { field: 'score', op: 'range', from: '5', below: null },
      { field: 'closedate', op: 'range', from: null, below: '2026-01-01' },
      { field: 'signed', op: 'older-than', days: 3 },
      { field: 'is_vip', op: 'in', values: ['true'] },
      { field: 'company', op: 'in', values: ['anything'] },
      { field: 'lead_type', op: 'prefix', values: ['Part'] },
    ] as const) {
      assert.deepEqual(found(condition), [], JSON.stringify(condition))
    }
  })
})
