import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { EXCEPTION_CLASSES } from '../classes/class.ts'
import type { PatternName } from '../policy/policy.ts'
import { percent } from './numbers.ts'
import { ruleOutcome } from './rule-outcome.ts'
import type { FieldCount, RuleOutcome, Surface } from './surface.ts'
import { type Verdict, verdictsOf } from './verdicts.ts'
import { withoutEmails } from './without-emails.ts'

const NO_FATE: Record<RuleOutcome, number> = {
  settled: 0,
  'could-settle': 0,
  field: 0,
  'no-rule': 0,
  person: 0,
  unknown: 0,
}

function surface(
  patterns: Readonly<Record<PatternName, number>>,
  change: { outcomes?: Partial<Record<RuleOutcome, number>>; repeatedCases?: number } & Partial<Surface> = {},
): Surface {
  const { outcomes, repeatedCases = 0, ...rest } = change
  const byClass = { expected: 0, risky: 0, 'customer-facing': 0, 'revenue-impacting': 0, unknown: 0 }
  return {
    takenAt: '2026-11-24T09:00:00.000Z',
    connections: [],
    leftOut: [],
    workflows: [],
    records: { read: 1_000, watched: 1_000, affected: 100, toDecide: 0 },
    cases: {
      open: Object.values(patterns).reduce((sum, cases) => sum + cases, 0),
      overdue: 0,
      byPattern: Object.entries(patterns).map(([pattern, cases]) => ({
        pattern,
        cases,
        records: cases,
        byClass,
      })),
      byClass: [],
    },
    rules: { byOutcome: { ...NO_FATE, ...outcomes }, couldSettle: [], repeated: [], repeatedCases },
    recordOwners: [],
    caseOwners: [],
    moreRecordOwners: { owners: 0, cases: 0 },
    moreCaseOwners: { owners: 0, cases: 0 },
    worst: [],
    fields: [],
    sources: [],
    ...rest,
  }
}

const field = (change: Partial<FieldCount>): FieldCount => ({
  connection: 'Acme',
  crm: 'salesforce',
  objectType: 'Lead',
  field: 'Country',
  missing: 0,
  stale: 0,
  blank: 0,
  records: 1_000,
  isRequired: true,
  isUnreadable: false,
  ...change,
})

const verdict = (of: Surface, about: Verdict['about']) => verdictsOf(of).find((one) => one.about === about)!

describe('what a surface says', () => {
  it('part of M37: duplicate ownership, stale territory and incomplete fields in the majority say "keep it rules-based"', () => {
    const says = verdict(
      surface({ 'duplicate-ownership': 20, 'stale-territory': 15, 'missing-field': 16, 'ownership-flapping': 49 }),
      'rules-based',
    )
    assert.equal(says.holds, true)
    assert.equal(says.title, 'Keep it rules-based for now')
    assert.match(says.because[0]!, /^51 of 100 open cases \(51 %\)/)
  })

  it('part of M37: exactly half is no majority', () => {
    assert.equal(verdict(surface({ 'duplicate-ownership': 50, 'no-rule': 50 }), 'rules-based').holds, false)
  })

  it('an empty surface says nothing at all', () => {
    assert.deepEqual(
      verdictsOf(surface({})).map(({ holds }) => holds),
      [false, false, false],
    )
  })

  it('M38: many cases about fields are a data-foundation problem, with the fields and sources named', () => {
    const says = verdict(
      surface(
        { 'missing-field': 15, 'stale-field': 5, 'duplicate-ownership': 80 },
        {
          fields: [field({ missing: 5, stale: 5 }), field({ field: 'Email', missing: 10 })],
          sources: [
            {
              connection: 'Acme',
              crm: 'salesforce',
              objectType: 'Lead',
              field: 'LeadSource',
              notRead: null,
              bySource: [{ source: 'Purchased List', records: 40, weak: 18 }],
            },
          ],
        },
      ),
      'data-foundation',
    )
    assert.equal(says.holds, true)
    const words = says.because.join(' ')
    for (const named of ['Lead.Country (10)', 'Lead.Email (10)', 'Purchased List (Lead, 18)'])
      assert.ok(words.includes(named))
  })

  it('part of M38: a required field that is blank in a tenth of the records is enough; one that only has to be fresh is not', () => {
    const about = (change: Partial<FieldCount>) =>
      verdict(surface({ 'duplicate-ownership': 100 }, { fields: [field(change)] }), 'data-foundation').holds
    assert.equal(about({ blank: 100 }), true)
    assert.equal(about({ blank: 99 }), false)
    assert.equal(about({ blank: 900, isRequired: false }), false)
    assert.equal(about({ isUnreadable: true }), true)
  })

  it('M26: a surface that is mostly predictable says "write the rule", settled cases counted', () => {
    const predictable = surface(
      { 'orphaned-owner': 60 },
      { outcomes: { settled: 20, 'could-settle': 15 }, repeatedCases: 6 },
    )
    assert.equal(verdict(predictable, 'write-the-rule').holds, true)
    const less = surface({ 'orphaned-owner': 60 }, { outcomes: { settled: 20, 'could-settle': 15 }, repeatedCases: 5 })
    assert.equal(verdict(less, 'write-the-rule').holds, false)
  })
})

describe('who may end a case', () => {
  const patterns: PatternName[] = ['missing-field', 'duplicate-ownership', 'no-rule', 'branch-review', 'write-refused']
  const cases = fc.record({
    pattern: fc.constantFrom(...patterns),
    class: fc.constantFrom(...EXCEPTION_CLASSES),
    mode: fc.constantFrom('rules' as const, 'review' as const, 'manual' as const, null),
    isCovered: fc.boolean(),
  })

  it('part of M15: no rule for an unknown, whatever covers it', () => {
    fc.assert(fc.property(cases, (one) => (ruleOutcome(one) === 'unknown') === (one.class === 'unknown')))
  })

  it('a rule only where the branch is in rules mode, a rule covers the record, and it is about the owner', () => {
    fc.assert(
      fc.property(cases, (one) => {
        if (ruleOutcome(one) !== 'could-settle') return
        assert.equal(one.mode, 'rules')
        assert.equal(one.isCovered, true)
        assert.notEqual(one.pattern, 'missing-field')
        assert.notEqual(one.pattern, 'write-refused')
      }),
    )
    assert.equal(
      ruleOutcome({ pattern: 'stale-territory', class: 'risky', mode: 'rules', isCovered: true }),
      'could-settle',
    )
  })
})

describe('a share in per cent', () => {
  it('never says nothing or all of it when that is not so', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: 1_000_000 }), (a, b) => {
        const [part, whole] = a < b ? [a, b] : [b, a]
        assert.notEqual(percent(part, whole), '0 %')
        assert.equal(percent(part, whole) === '100 %', part === whole)
      }),
    )
    assert.equal(percent(0, 0), '0 %')
    assert.equal(percent(36, 1_000), '3.6 %')
  })
})

describe('a sentence for a file that leaves the house', () => {
  it('holds no e-mail address, in whatever script, and is otherwise the same', () => {
    assert.equal(
      withoutEmails('The lead "jürgen.o\'neil@straße.example" and 陽子@例え.jp are one. Nobody else.'),
      'The lead "(e-mail withheld)" and (e-mail withheld) are one. Nobody else.',
    )
    assert.equal(withoutEmails('It belongs to ann@acme.com.'), 'It belongs to (e-mail withheld).')
    fc.assert(fc.property(fc.emailAddress(), (email) => !withoutEmails(`Ask ${email} about it`).includes(email)))
  })
})
