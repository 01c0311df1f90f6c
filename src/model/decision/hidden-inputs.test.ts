import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  ALONE,
  at,
  company,
  contact,
  daysAgo,
  directoryOf,
  HUBSPOT,
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
import type { Directory } from '../record/crm-user.ts'
import type { WhyUnknown } from '../record/knowledge.ts'
import type { Neighbours } from '../record/neighbours.ts'
import type { Condition, RuleOwner } from '../rules/condition.ts'
import { decide } from './decide.ts'
import type { Decision } from './decision.ts'

/**
 * Hiding an input marks it as unknown and takes nothing out of the world. So whatever is hidden, each answer is the same,
 * absent with its input reported, or unknown; and the write is the same or none.
 */

const maybe = <T>(value: T) => fc.constantFrom(value, null)
const OWNERS = ['hs-dach', 'hs-big', 'hs-france', 'hs-gone', 'hs-queue', 'hs-deserted', 'hs-nobody', null]

const subjects = fc.record({
  email: fc.constantFrom('jane@acme.de', 'jane@gmail.com', null),
  phone: maybe('+4930123456'),
  lastname: maybe('Doe'),
  company: maybe('Acme'),
  country: fc.constantFrom('Germany', 'France', 'Japan', 'Brazil', 'nonsense', null),
  territory: fc.constantFrom('dach', 'france', null),
  lifecyclestage: fc.constantFrom('lead', 'customer', 'other', null),
  hs_lead_status: maybe('NEW'),
  industry: fc.constantFrom('Retail', 'Banking', null),
  associatedcompanyid: fc.constant('100'),
  hubspot_owner_id: fc.constantFrom(...OWNERS),
  createdate: fc.constantFrom(daysAgo(10), daysAgo(0.01), daysAgo(60)),
})

const accounts = fc.record({
  hubspot_owner_id: fc.constantFrom(...OWNERS),
  lifecyclestage: fc.constantFrom('lead', 'customer', null),
  numberofemployees: fc.constantFrom('10', '700', null),
  industry: fc.constantFrom('Retail', 'Banking', null),
})

const deals = fc.array(
  fc.record({ amount: fc.constantFrom('60000', '10', null), hs_is_closed: fc.constantFrom('true', 'false', null) }),
  { maxLength: 2 },
)

const others = fc.array(
  fc.record({
    kind: fc.constantFrom('contact', 'lead'),
    hubspot_owner_id: fc.constantFrom(...OWNERS),
    lastname: maybe('Doe'),
    createdate: fc.constantFrom(daysAgo(50), daysAgo(1)),
    converted: fc.constantFrom('true', 'false'),
  }),
  { maxLength: 2 },
)

const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({
    field: fc.constantFrom(
      'country',
      'industry',
      'account.industry',
      'fact.country',
      'fact.ownerState',
      'fact.customer',
    ),
    op: fc.constantFrom('in' as const, 'not-in' as const),
    values: fc.uniqueArray(fc.constantFrom('Germany', 'DE', 'Retail', 'none', 'queue', 'true', 'inactive'), {
      minLength: 1,
      maxLength: 3,
    }),
  }),
  fc.record({
    field: fc.constantFrom('industry', 'account.industry', 'territory', 'fact.owner'),
    op: fc.constantFrom('blank' as const, 'not-blank' as const),
  }),
  fc.constant({ field: 'fact.employees', op: 'range' as const, from: '500', below: null }),
  fc.constant({ field: 'fact.openPipeline', op: 'range' as const, from: '50', below: null }),
  fc.constant({ field: 'createdate', op: 'older-than' as const, days: 20 }),
)
const conditions = fc.array(condition, { maxLength: 2 })

const policies: fc.Arbitrary<Partial<Policy>> = fc
  .record({
    scope: fc.oneof({ weight: 3, arbitrary: fc.constant(POLICY.scope) }, { weight: 1, arbitrary: conditions }),
    when: fc.oneof(
      { weight: 3, arbitrary: fc.constant(POLICY.action.when) },
      { weight: 1, arbitrary: fc.oneof(conditions, fc.constant('never' as const)) },
    ),
    first: conditions,
    rule: conditions,
    to: fc.constantFrom<RuleOwner>(at('big'), 'account.owner', 'match.owner', 'deal.owner', { queue: 'Queue' }),
    classRule: conditions,
    territory: conditions,
    pilot: fc.option(conditions),
  })
  .map(({ scope, when, first, rule, to, classRule, territory, pilot }) => ({
    scope,
    action: { ...POLICY.action, when },
    ...(pilot === null ? {} : { mode: 'pilot' as const, pilot: { when: pilot, dailyCap: 5 } }),
    classes: [{ when: classRule, class: 'expected' as const, because: 'x' }, ...POLICY.classes],
    territories: [
      { territory: 'special', title: 'Special', when: territory, members: [at('big')] },
      ...POLICY.territories,
    ],
    boundary: [
      { ...POLICY.boundary[0]!, branch: 'first', when: first },
      {
        ...POLICY.boundary[1]!,
        rules: [{ id: 'special', when: rule, owner: to, because: 'x' }, ...POLICY.boundary[1]!.rules],
        settles: ['orphaned-owner', 'stale-territory', 'duplicate-ownership'],
        settlesClasses: ['customer-facing' as const],
      },
    ],
  }))

const SUBJECT_FIELDS = [
  'email',
  'phone',
  'lastname',
  'company',
  'country',
  'territory',
  'lifecyclestage',
  'hs_lead_status',
  'industry',
  'associatedcompanyid',
  'hubspot_owner_id',
  'createdate',
]
const ACCOUNT_FIELDS = ['hubspot_owner_id', 'lifecyclestage', 'numberofemployees', 'industry']
const OTHER_FIELDS = ['hubspot_owner_id', 'OwnerId', 'lastname', 'LastName', 'createdate', 'CreatedDate', 'IsConverted']

const gaps = fc.record({
  subject: fc.subarray(SUBJECT_FIELDS, { maxLength: 3 }),
  account: fc.subarray(ACCOUNT_FIELDS, { maxLength: 2 }),
  deals: fc.subarray(['amount', 'hs_is_closed'], { maxLength: 2 }),
  others: fc.subarray(OTHER_FIELDS, { maxLength: 2 }),
  why: fc.constantFrom<WhyUnknown>('hidden', 'not-read', 'removed'),
  whole: fc.constantFrom('nothing', 'nothing', 'account', 'deals', 'matches'),
  users: fc.subarray(['hs-dach', 'hs-big', 'hs-gone', 'hs-queue', 'hs-nobody', 'sf-big'], { maxLength: 2 }),
})

type Gaps = typeof gaps extends fc.Arbitrary<infer T> ? T : never

/** The same record with these fields hidden: the stale values that we may still hold must not count. */
function hide(of: CrmRecord, fields: readonly string[], why: WhyUnknown): CrmRecord {
  if (fields.length === 0) return of
  if (why === 'hidden') return { ...of, unreadable: new Set(fields) }
  return { ...of, unreadable: new Set(fields), drifted: new Map(fields.map((field) => [field, why as 'removed'])) }
}

function hidden(subject: CrmRecord, neighbours: Neighbours, { whole, why, ...fields }: Gaps) {
  const { account, deals: all, matches } = neighbours
  const isAccountGone = whole === 'account' || fields.subject.includes('associatedcompanyid')
  return {
    record: hide(subject, fields.subject, why),
    neighbours: {
      account: isAccountGone ? unknownOf('companies') : hide(account as CrmRecord, fields.account, why),
      deals: isAccountGone || whole === 'deals' ? [] : all.map((deal) => hide(deal, fields.deals, why)),
      ...(whole === 'deals' ? { dealsUnknown: unknownOf('deals', { why: 'refused' }) } : {}),
      matches:
        whole === 'matches' ? [] : matches.map((one) => ({ ...one, record: hide(one.record, fields.others, why) })),
      ...(whole === 'matches'
        ? { unseenKeys: [contactsKey('contacts', 'hubspot'), contactsKey('Lead', 'salesforce')] }
        : {}),
    } satisfies Neighbours,
  }
}

/** Users whom no list has held and for whom the CRM has not answered. */
function withoutUsers(directory: Directory, ids: readonly string[]): Directory {
  return {
    ...directory,
    user: (connectionId, id) => (ids.includes(id) ? undefined : directory.user(connectionId, id)),
    isGone: (connectionId, id) => !ids.includes(id) && directory.isGone(connectionId, id),
  }
}

function contactsKey(objectType: string, crm: string) {
  return { connectionId: HUBSPOT, crm, objectType, field: 'email', why: 'hidden' as const, name: 'email' }
}

function worldOf(
  values: Record<string, string | null>,
  drawn: typeof others extends fc.Arbitrary<infer T> ? T : never,
) {
  const subject = contact(values)
  const matches = drawn.flatMap(({ kind, hubspot_owner_id: owner, lastname, createdate, converted }, n) => {
    const over = { recordId: String(50 + n) }
    const other =
      kind === 'contact'
        ? contact({ ...values, hubspot_owner_id: owner, lastname, createdate }, over)
        : lead(
            {
              Email: values.email ?? null,
              Phone: values.phone ?? null,
              OwnerId: owner === null ? 'sf-big' : owner.replace('hs-', 'sf-'),
              LastName: lastname,
              FirstName: 'Jane',
              CreatedDate: createdate,
              IsConverted: converted,
            },
            over,
          )
    const match = matching(subject, other)
    return match.keys.length === 0 ? [] : [match]
  })
  return { subject, matches }
}

const answers = ({ exceptions }: Decision) => new Map(exceptions.map((one) => [`${one.pattern} ${one.subject}`, one]))

describe('hiding inputs', () => {
  it('part of M15: changes no answer to another one: it stays, is absent and reported, or is unknown', () => {
    fc.assert(
      fc.property(
        subjects,
        accounts,
        deals,
        others,
        policies,
        gaps,
        (values, ofAccount, ofDeals, drawn, policy, gap) => {
          const { subject, matches } = worldOf(values, drawn)
          const neighbours: Neighbours = {
            ...ALONE,
            account: company(ofAccount),
            deals: ofDeals.map((deal, n) => record('hubspot', 'deals', deal, { recordId: `d${n}` })),
            matches,
          }
          const rest = { directory: directoryOf(), version: versionOf(policy), refused: null, nowMs: NOW_MS }
          const whole = decide({ record: subject, neighbours, ...rest })
          const directory = withoutUsers(rest.directory, gap.users)
          const partly = decide({ ...hidden(subject, neighbours, gap), ...rest, directory })
          checkAnswers(whole, partly)
          checkWrite(whole, partly)
        },
      ),
      { numRuns: 6_000 },
    )
  })
})

function checkAnswers(whole: Decision, partly: Decision): void {
  const before = answers(whole)
  const after = answers(partly)
  for (const [key, one] of after) {
    const was = before.get(key)
    // A refused write apart, nothing comes into the world by hiding something.
    assert.ok(was, `${key} is there only while something is hidden`)
    if (one.class === 'unknown') continue
    assert.equal(one.class, was.class, key)
    assert.ok(one.status === was.status || one.status === 'open', `${key} is settled only while something is hidden`)
  }
  for (const [key, { pattern }] of before) {
    if (after.has(key)) continue
    assert.ok(partly.unknown !== null, `${key} is gone and nothing says why`)
    assert.ok(partly.undecided === 'all' || partly.undecided.has(pattern), `${key} counts as over`)
  }
  if (partly.unknown === null) assert.deepEqual([...after.keys()].sort(), [...before.keys()].sort())
  if (partly.inScope === false) assert.equal(whole.inScope, false, 'out of scope is a claim')
}

function checkWrite(whole: Decision, partly: Decision): void {
  if (partly.unknown !== null) assert.equal(partly.write, null, 'an unknown input holds the write')
  if (partly.write === null) return
  const { receipt: _after, ...after } = partly.write
  assert.ok(whole.write, 'something is written only while something is hidden')
  const { receipt: _before, ...before } = whole.write
  assert.deepEqual(after, before)
}
