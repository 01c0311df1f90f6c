import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ALONE, at, contact, directoryOf, lead, NOW_MS, POLICY, record } from '../../../test/support/example.ts'
import { marksFor } from '../../../test/support/marked.ts'
import { EXCEPTION_CLASSES } from '../classes/class.ts'
import { patternOf } from '../patterns/registry.ts'
import { canonicalJson } from '../policy/canonical.ts'
import { diffPolicies } from '../policy/diff/policy-diff.ts'
import { isPurelyNarrowing } from '../policy/diff/reach.ts'
import { MARKED_CLASSES, type MarkedClass } from '../policy/mark.ts'
import type { Branch, ClassRule, Policy } from '../policy/policy.ts'
import { decide } from './decide.ts'

const WORDS = { pattern: (setting: Policy['patterns'][number]) => patternOf(setting).sentence(setting) }

const classRows = fc.array(
  fc.record({
    pattern: fc.constantFrom('orphaned-owner', 'stale-territory', 'missing-field', 'no-rule'),
    when: fc.constantFrom([], [{ field: 'fact.country', op: 'in' as const, values: ['FR'] }]),
    class: fc.constantFrom(...EXCEPTION_CLASSES),
    because: fc.constantFrom('A reason.', 'Another one.'),
  }) as fc.Arbitrary<ClassRule>,
  { maxLength: 4 },
)
/** The pattern that a rule settles most often comes first, so that its class is often what is raised. */
const firstRow = fc.constantFrom(...EXCEPTION_CLASSES).map((of): ClassRule => {
  return { pattern: 'orphaned-owner', when: [], class: of, because: 'A reason.' }
})
const settled = fc.constantFrom(['orphaned-owner'], ['orphaned-owner', 'stale-territory'], ['missing-field'], [])
const marks = fc.subarray([...marksFor(POLICY, MARKED_CLASSES)])
const ruled = POLICY.boundary[1]!

const branch = fc.oneof(
  fc
    .record({ settles: settled, rules: fc.subarray([...ruled.rules], { minLength: 1 }) })
    .map((over): Branch => ({ ...ruled, ...over })),
  fc
    .constantFrom('review' as const, 'manual' as const)
    .map((mode): Branch => ({ ...ruled, mode, rules: [], settles: [] })),
)
const policies = fc
  .record({
    first: firstRow,
    rest: classRows,
    ruled: branch,
    marked: marks,
    mode: fc.constantFrom('live' as const, 'pilot' as const),
  })
  .map(
    ({ first, rest, ruled: last, marked, mode }): Policy => ({
      ...POLICY,
      marks: marked,
      patterns: POLICY.patterns.filter(({ pattern }) => pattern === 'orphaned-owner' || pattern === 'missing-field'),
      mode,
      pilot: mode === 'pilot' ? { when: [{ field: 'fact.country', op: 'in', values: ['DE'] }], dailyCap: 5 } : null,
      classes: [first, ...rest],
      boundary: [POLICY.boundary[0]!, last],
    }),
  )

const raise = fc.record({
  step: fc.constant('class' as const),
  row: fc.constantFrom(0, 0, 0, 1, 2),
  to: fc.constantFrom(...EXCEPTION_CLASSES),
})

/** A version made of another by one to three steps, most of them narrower, so that many pairs are judged narrowing. */
const steps = fc.array(
  fc.oneof(
    raise,
    raise,
    raise,
    fc.record({ step: fc.constant('settles' as const), to: settled }),
    fc.record({ step: fc.constant('marks' as const), to: marks }),
    fc.record({ step: fc.constant('mode' as const), to: fc.constantFrom('review' as const, 'manual' as const) }),
    fc.record({ step: fc.constant('unknown' as const), place: fc.nat(4) }),
    fc.record({ step: fc.constant('rules' as const), to: fc.subarray([...ruled.rules], { minLength: 1 }) }),
  ),
  { minLength: 1, maxLength: 3 },
)

function stepped(policy: Policy, taken: typeof steps extends fc.Arbitrary<infer S> ? S : never): Policy {
  let { classes, marks: marked } = policy
  let [first, last] = policy.boundary as [Branch, Branch]
  for (const one of taken) {
    if (one.step === 'class') classes = classes.map((row, i) => (i === one.row ? { ...row, class: one.to } : row))
    if (one.step === 'settles' && last.mode === 'rules') last = { ...last, settles: one.to }
    if (one.step === 'marks') marked = one.to
    if (one.step === 'mode') last = { ...last, mode: one.to, rules: [], settles: [] }
    if (one.step === 'rules' && last.mode === 'rules') last = { ...last, rules: one.to }
    if (one.step === 'unknown') {
      const row: ClassRule = { pattern: 'orphaned-owner', when: [], class: 'unknown', because: 'Nobody agreed.' }
      classes = classes.toSpliced(one.place, 0, row)
    }
  }
  return { ...policy, classes, boundary: [first, last], marks: marked ?? [] }
}

const customer = record('salesforce', 'Account', {
  Name: 'Acme',
  Website: 'acme.de',
  Type: 'Customer',
  OwnerId: 'sf-big',
})
const records = fc.record({
  country: fc.constantFrom('Germany', 'France', 'Germany', 'Japan', null),
  owner: fc.constantFrom('gone', 'gone', 'dach', null),
  territory: fc.constantFrom('dach', 'france', null),
  company: fc.constantFrom('Acme', 'Acme', null),
  isLead: fc.boolean(),
  isCustomer: fc.boolean(),
})

function decided(policy: Policy, of: typeof records extends fc.Arbitrary<infer R> ? R : never) {
  const { country, owner, territory, company, isLead, isCustomer } = of
  const subject = isLead
    ? lead({ Country: country, OwnerId: owner === null ? 'sf-queue' : `sf-${owner}`, Company: company })
    : contact({ country, hubspot_owner_id: owner === null ? null : `hs-${owner}`, territory, company })
  const neighbours = { ...ALONE, account: isCustomer && isLead ? customer : null }
  return decide({
    record: subject,
    neighbours,
    directory: directoryOf(),
    version: { hash: 'x', policy },
    nowMs: NOW_MS,
  })
}

describe('a change that is judged to narrow only', () => {
  it('lets no rule settle or write what it did not before (generated versions and records)', () => {
    let narrower = 0
    fc.assert(
      fc.property(policies, steps, fc.array(records, { minLength: 4, maxLength: 8 }), (from, taken, subjects) => {
        const to = stepped(from, taken)
        if (!isPurelyNarrowing(diffPolicies(from, to, WORDS))) return
        narrower += 1
        for (const subject of subjects) {
          const [before, after] = [decided(from, subject), decided(to, subject)]
          const settledBefore = before.exceptions
            .filter((one) => one.status === 'settled-by-rule')
            .map((one) => one.pattern)
          for (const one of after.exceptions) {
            if (one.status === 'settled-by-rule') assert.ok(settledBefore.includes(one.pattern), one.pattern)
          }
          if (after.write !== null) assert.deepEqual(after.write.to, before.write?.to)
        }
      }),
      { numRuns: 1_500, seed: 20_261_201 },
    )
    assert.ok(narrower > 150, `${narrower} pairs were judged narrowing`)
  })
})

describe('a class that rises', () => {
  const gone = { country: 'Germany', owner: 'gone', territory: null, company: 'Acme', isCustomer: false } as const
  const subjects = [
    { ...gone, isLead: false },
    { ...gone, isLead: true },
    { ...gone, isLead: true, isCustomer: true },
  ]
  const policyWith = (of: ClassRule['class'], marked: readonly MarkedClass[]): Policy => ({
    ...POLICY,
    classes: [{ pattern: 'orphaned-owner', when: [], class: of, because: 'A reason.' }],
    marks: marksFor(POLICY, marked),
  })

  it('is judged to narrow only where no rule settles more, for each pair of classes and all marks', () => {
    const judged: string[] = []
    for (const from of EXCEPTION_CLASSES) {
      for (const to of EXCEPTION_CLASSES) {
        for (const marked of subsets(MARKED_CLASSES)) {
          const [before, after] = [from, to].map((of) => policyWith(of, marked)) as [Policy, Policy]
          if (!isPurelyNarrowing(diffPolicies(before, after, WORDS))) continue
          judged.push(`${from}-${to}`)
          for (const subject of subjects) {
            const isMore = decided(after, subject).write !== null && decided(before, subject).write === null
            assert.equal(isMore, false, `${from} to ${to}, marked ${marked.join()}`)
          }
        }
      }
    }
    assert.equal(new Set(judged).size, 10)
  })
})

function subsets(of: readonly MarkedClass[]): MarkedClass[][] {
  return Array.from({ length: 2 ** of.length }, (_, n) => of.filter((_one, i) => (n & (1 << i)) !== 0))
}

function settledIn({ exceptions }: ReturnType<typeof decided>): string[] {
  return exceptions.filter((one) => one.status === 'settled-by-rule').map(caseName)
}

function caseName({ pattern, class: of }: { readonly pattern: string; readonly class: string }): string {
  return `${pattern}/${of}`
}

describe('a mark that is taken away', () => {
  it('lets no rule settle or write what it did not before, and changes nothing else (generated)', () => {
    let settledLess = 0
    fc.assert(
      fc.property(policies, fc.nat(511), fc.array(records, { minLength: 4, maxLength: 8 }), (from, taken, subjects) => {
        const to = { ...from, marks: (from.marks ?? []).filter((_, i) => (taken & (1 << i)) === 0) }
        for (const subject of subjects) {
          const [before, after] = [decided(from, subject), decided(to, subject)]
          const names = settledIn(before)
          assert.ok(settledIn(after).every((one) => names.includes(one)))
          if (after.write !== null) assert.equal(after.write.to, before.write?.to)
          assert.deepEqual(new Set(after.exceptions.map(caseName)), new Set(before.exceptions.map(caseName)))
          if (names.length > settledIn(after).length) settledLess += 1
        }
      }),
      { numRuns: 1_500, seed: 20_261_202 },
    )
    assert.ok(settledLess > 20, `${settledLess} were settled before`)
  })
})

describe('the difference between generated versions', () => {
  it('is empty exactly where they are spelled alike', () => {
    fc.assert(
      fc.property(policies, policies, fc.boolean(), (from, other, isOther) => {
        const to = isOther ? other : structuredClone(from)
        assert.equal(diffPolicies(from, to, WORDS).length === 0, canonicalJson(from) === canonicalJson(to))
      }),
    )
  })

  it('names each field that differs, wherever in the policy it is', () => {
    const full: Policy = {
      ...POLICY,
      customers: [{ field: 'hubspot.contacts.tier', op: 'in', values: ['gold'] }],
      readings: { countries: { holand: 'NL' }, states: { socal: 'US-CA' }, currency: 'EUR' },
      people: { persons: [[at('a'), at('b')]], integrations: [at('sync')] },
      guards: { ...POLICY.guards, revenueCurrency: 'EUR', loops: { alternations: 3, withinHours: 24 } },
      calendar: {
        ...POLICY.calendar,
        away: [{ email: at('rita'), from: '2026-12-01', until: '2026-12-02', delegate: null }],
      },
    }
    const leaves: (string | number)[][] = []
    const walk = (value: unknown, path: (string | number)[]) => {
      if (typeof value === 'object' && value !== null) {
        for (const [key, inner] of Object.entries(value))
          walk(inner, [...path, Array.isArray(value) ? Number(key) : key])
      } else if (value !== null) leaves.push(path)
    }
    walk(full, [])
    for (const path of leaves) {
      const to = structuredClone(full) as unknown as Record<string | number, unknown>
      const holder = path.slice(0, -1).reduce((at, key) => at[key] as Record<string | number, unknown>, to)
      const last = path.at(-1)!
      const old = holder[last]
      holder[last] = typeof old === 'number' ? old + 1 : typeof old === 'boolean' ? !old : `${old}x`
      // What a policy may hold there, where only some words are allowed.
      if (last === 'pattern' || last === 'crm' || last === 'op' || last === 'mode' || last === 'kind') continue
      const changes = diffPolicies(full, to as unknown as Policy, WORDS)
      assert.ok(changes.length > 0, path.join('.'))
      assert.ok(
        changes.every(({ says }) => says.length > 10),
        path.join('.'),
      )
    }
  })
})
