import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  ALONE,
  company,
  contact,
  daysAgo,
  directoryOf,
  lead,
  matching,
  NOW_MS,
  POLICY,
  record,
  unknownOf,
  versionOf,
} from '../../../test/support/example.ts'
import type { Policy } from '../policy/policy.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import type { Neighbours } from '../record/neighbours.ts'
import type { Conditions } from '../rules/condition.ts'
import { decide } from './decide.ts'

type Case = { neighbours?: Neighbours; policy?: Partial<Policy>; nowMs?: number }

const exceptionOf = (
  pattern: string,
  record: CrmRecord,
  { neighbours = ALONE, policy = {}, nowMs = NOW_MS }: Case = {},
) =>
  decide({ record, neighbours, directory: directoryOf(), version: versionOf(policy), nowMs }).exceptions.find(
    (one) => one.pattern === pattern,
  )
const evidenceOf = (...of: Parameters<typeof exceptionOf>) => {
  const exception = exceptionOf(...of)
  assert.ok(exception, `no ${of[0]}`)
  return exception.evidence
}

describe('what a case rests on', () => {
  const blank = (values: Record<string, string | null> = {}, over: Partial<CrmRecord> = {}) =>
    contact({ company: null, ...values }, over)

  it('stays the same when time passes, the policy is written anew, or something else of the record changes', () => {
    const before = evidenceOf('missing-field', blank())
    assert.ok(before)
    assert.equal(evidenceOf('missing-field', blank(), { nowMs: NOW_MS + 30 * 86_400_000 }), before)
    assert.equal(evidenceOf('missing-field', blank(), { policy: { title: 'Other words' } }), before)
    assert.equal(evidenceOf('missing-field', blank({ jobtitle: 'CEO' })), before)
    assert.equal(evidenceOf('missing-field', blank({ company: 'n/a' })), before, 'as blank as before')
  })

  it('stays the same when a rule lists the same in another order, or its CRM describes a field anew', () => {
    const ofRule = (when: Conditions) => {
      const boundary = POLICY.boundary.map((branch) => ({
        ...branch,
        rules: branch.rules.map((rule) => (rule.id === 'dach' ? { ...rule, when } : rule)),
      }))
      const answer = evidenceOf('duplicate-ownership', lead({ OwnerId: 'sf-queue' }), {
        policy: { boundary },
        neighbours: { ...ALONE, matches: [matching(lead(), contact({ hubspot_owner_id: 'hs-big' }))] },
      })
      assert.ok(answer)
      return answer
    }
    const country = { field: 'fact.country', op: 'in', values: ['DE', 'AT'] } as const
    const company = { field: 'Company', op: 'in', values: ['Acme'] } as const
    const before = ofRule([country, company])
    const unfit = [{ objectType: 'Lead', why: 'no-such-value' }] as const
    assert.equal(ofRule([company, country]), before)
    assert.equal(ofRule([{ ...country, values: ['AT', 'DE'] }, company]), before)
    assert.equal(ofRule([country, { ...company, unfit }]), before)
    assert.notEqual(ofRule([country]), before)
    assert.notEqual(ofRule([{ ...country, values: ['DE'] }, company]), before)
  })

  it('is another when the record, its owner, its class or the proposal is another', () => {
    const before = evidenceOf('missing-field', blank())
    const others = [
      evidenceOf('missing-field', blank({}, { recordId: '77' })),
      evidenceOf('missing-field', blank({ hubspot_owner_id: 'hs-rita' })),
      evidenceOf('missing-field', blank(), {
        neighbours: { ...ALONE, account: company({ lifecyclestage: 'customer' }) },
      }),
    ]
    assert.equal(new Set([before, ...others]).size, 4)
  })

  it('cases K01, S11: part of M50: of two owners it is the pair, the key and both owners, and not the words', () => {
    const mine = contact({ createdate: daysAgo(1) })
    const theirs = (change: Record<string, string> = {}, over: Partial<CrmRecord> = {}) =>
      lead({ OwnerId: 'sf-rita', ...change }, over)
    const of = (other: CrmRecord) =>
      evidenceOf('duplicate-ownership', mine, { neighbours: { ...ALONE, matches: [matching(mine, other)] } })
    const before = of(theirs())
    assert.equal(of(theirs({ LastName: 'Renamed' })), before)
    assert.notEqual(of(theirs({ OwnerId: 'sf-ralf' })), before)
    assert.notEqual(of(theirs({}, { recordId: '00Q9' })), before)
  })

  it('holds the inputs of tables by their class: another value of the same class is the same evidence', () => {
    const of = (country: string) => evidenceOf('no-rule', contact({ country, hubspot_owner_id: null }))
    assert.equal(of('Brazil'), of('Chile'), 'no rule names either')
    assert.notEqual(of('Brazil'), of('Atlantis'), 'a text that names no country is looked at for itself')
  })

  it('cannot be told while something of it is not read, so that an outage makes it no other', () => {
    const account = unknownOf('companies', { why: 'not-read' })
    const unread = exceptionOf('missing-field', blank(), { neighbours: { ...ALONE, account } })
    assert.equal(unread?.evidence, null)
  })

  it('cannot be told while the CRM has not answered for the owner, and can once it is known to have none', () => {
    const unlisted = blank({ hubspot_owner_id: 'hs-new-hire' })
    const unread = exceptionOf('missing-field', unlisted)
    assert.deepEqual([unread?.pattern, unread?.evidence], ['missing-field', null])
    assert.ok(evidenceOf('missing-field', blank({ hubspot_owner_id: null })))
    // Also where no pattern of the policy asks for the owner.
    const policy = { patterns: POLICY.patterns.filter(({ pattern }) => pattern === 'missing-field') }
    assert.equal(exceptionOf('missing-field', unlisted, { policy })?.evidence, null)
    const hidden = blank({}, { unreadable: new Set(['hubspot_owner_id']) })
    assert.equal(exceptionOf('missing-field', hidden, { policy })?.evidence, null)
    assert.ok(evidenceOf('missing-field', blank(), { policy }))
  })

  it('says of a customer and of open deals that nobody may see that they are unknown, and not that there are none', () => {
    const commonOf = (neighbours: Partial<Neighbours>) =>
      JSON.parse(evidenceOf('missing-field', blank(), { neighbours: { ...ALONE, ...neighbours } })!).common
    const account = company({ lifecyclestage: 'lead' })
    const none = commonOf({ account })
    assert.deepEqual([none.customer, none.pipeline], [false, false])
    const hidden = commonOf({
      account: company({}, { unreadable: new Set(['lifecyclestage']) }),
      dealsUnknown: unknownOf('deals', { why: 'refused' }),
    })
    assert.deepEqual([hidden.customer, hidden.pipeline], ['unknown', 'unknown'])
    const deal = (amount: string) => record('hubspot', 'deals', { amount }, { recordId: '7' })
    assert.equal(commonOf({ account, deals: [deal('60000')] }).pipeline, true)
    assert.equal(commonOf({ account, deals: [deal('10')] }).pipeline, false)
  })
})
