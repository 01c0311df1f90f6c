import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { POLICY } from '../../../../test/support/example.ts'
import { marksFor } from '../../../../test/support/marked.ts'
import type { Branch, Policy } from '../policy.ts'
import type { Change } from './change.ts'
import { diffPolicies } from './policy-diff.ts'
import { isPurelyNarrowing, widenings } from './reach.ts'

const WORDS = {
  pattern: ({ pattern, only, ...rest }: object & { pattern: string; only?: unknown }) => JSON.stringify(rest),
}
const diff = (to: Partial<Policy>, from: Partial<Policy> = {}) =>
  diffPolicies({ ...POLICY, ...from }, { ...POLICY, ...to }, WORDS)
const says = (changes: readonly Change[]) => changes.map((one) => one.says)
const rulesBranch = POLICY.boundary[1]!
const [enterprise, dach, france] = rulesBranch.rules
const withRules = (over: Partial<Branch>): Partial<Policy> => ({
  boundary: [POLICY.boundary[0]!, { ...rulesBranch, ...over }],
})

describe('the difference between two versions of a policy', () => {
  it('is empty where nothing differs', () => {
    assert.deepEqual(diff({}), [])
    assert.deepEqual(diff(structuredClone(POLICY)), [])
  })

  it('names an added rule with its place, its conditions and its reason', () => {
    const spain = {
      id: 'spain',
      when: [{ field: 'fact.country', op: 'in' as const, values: ['ES'] }],
      owner: 'leave-alone' as const,
      because: 'The partner sells there.',
    }
    assert.deepEqual(says(diff(withRules({ rules: [enterprise!, dach!, spain, france!] }))), [
      'New rule spain in everywhere-else, before france: if the country is ES, it is left alone. The partner sells there.',
    ])
    assert.deepEqual(says(diff(withRules({ rules: [enterprise!, dach!, france!, spain] }))), [
      'New rule spain in everywhere-else, at the end: if the country is ES, it is left alone. The partner sells there.',
    ])
  })

  it('names a removed rule, and one that moved as one change', () => {
    assert.deepEqual(says(diff(withRules({ rules: [enterprise!, dach!] }))), [
      'Rule france of everywhere-else is gone: if the country is FR, it goes to france@brightwater.example.',
    ])
    assert.deepEqual(says(diff(withRules({ rules: [france!, enterprise!, dach!] }))), [
      'Rule france of everywhere-else moved from place 3 to 1; the first match wins.',
    ])
  })

  it('says which values a condition gained and lost, and otherwise both conditions', () => {
    const [of] = dach!.when
    const values = (list: string[]) => [{ ...of!, values: list } as NonNullable<typeof dach>['when'][number]]
    const changed = (when: NonNullable<typeof dach>['when']) =>
      says(diff(withRules({ rules: [enterprise!, { ...dach!, when }, france!] })))
    assert.deepEqual(changed(values(['AT', 'DE', 'CH'])), ['Rule dach: the list for the country adds CH.'])
    assert.deepEqual(changed(values(['DE', 'LI'])), ['Rule dach: the list for the country adds LI and drops AT.'])
    assert.deepEqual(changed(values(['AT', 'DE'])), [
      'Rule dach: now the country is AT or DE (was the country is DE or AT).',
    ])
    assert.deepEqual(changed([]), ['Rule dach: now always (was the country is DE or AT).'])
  })

  it('says that the rules of a branch no longer run in one sentence with its mode', () => {
    const manual = { mode: 'manual' as const, rules: [], settles: [], because: 'The team decides.' }
    assert.deepEqual(says(diff(withRules(manual))), [
      'Branch everywhere-else: everything is done by hand (was: rules decide). Its 3 rules no longer run. The team decides.',
    ])
  })

  it('names every person, deadline, limit, territory, reading and day that changed', () => {
    const { guards, owners, territories, calendar } = POLICY
    const changes = diff({
      owners: { ...owners, override: 'new@brightwater.example' },
      guards: { ...guards, capacity: 5, deadlineMinutes: { ...guards.deadlineMinutes, risky: 90 } },
      territories: [{ ...territories[0]!, members: ['x@brightwater.example'] }, territories[1]!],
      readings: { countries: { holand: 'NL' }, states: {}, currency: 'EUR' },
      people: { persons: [['a@x.example', 'b@x.example']], integrations: ['sync@x.example'] },
      calendar: { ...calendar, opensAtMinute: 480, holidays: ['2026-12-24', '2026-12-25'] },
    })
    assert.deepEqual(says(changes), [
      'Overrides an outcome: new@brightwater.example (was olga@brightwater.example).',
      'Deadline of risky cases: 90 business minutes (was 8 business hours).',
      'Open tasks that one reviewer may hold: 5 (was 25).',
      'Territory Germany, Austria: worked by x@brightwater.example (was dach@brightwater.example and big@brightwater.example).',
      '"holand" means the country NL.',
      'Amounts without a currency are in EUR (was none agreed).',
      'a@x.example and b@x.example are one person.',
      'sync@x.example is a program; it gets no task and no record.',
      'Company holidays: 2026-12-24 and 2026-12-25 (was 2026-12-25).',
      'Opening time: 8:00 (was 9:00).',
    ])
  })

  it('says a new reason as one, and that it is wording alone', () => {
    const changes = diff(withRules({ rules: [enterprise!, { ...dach!, because: 'Another reason.' }, france!] }))
    assert.deepEqual(
      changes.map(({ says: text, reach }) => [text, reach]),
      [['Rule dach: the reason is now "Another reason." (was "Rest.").', 'wording']],
    )
  })
})

describe('which way a change goes', () => {
  const classes = (of: string, to: Policy['classes'][number]['class']) =>
    POLICY.classes.map((row) => (row.pattern === of ? { ...row, class: to } : row))
  const marked = { marks: [...POLICY.marks!, ...marksFor(POLICY, ['customer-facing'])] }

  it('only narrows: a higher class, a mark removed, a branch given to people, a lower cap', () => {
    const pilot = (dailyCap: number): Partial<Policy> => ({
      mode: 'pilot',
      pilot: { when: [{ field: 'fact.country', op: 'in', values: ['FR'] }], dailyCap },
    })
    for (const changes of [
      diff({ classes: classes('orphaned-owner', 'customer-facing') }),
      diff({ classes: classes('orphaned-owner', 'unknown') }),
      diff({}, marked),
      diff(withRules({ settles: [] })),
      diff(withRules({ mode: 'manual', rules: [], settles: [] })),
      diff(withRules({ mode: 'review', rules: [], settles: [] })),
      diff(pilot(5), pilot(20)),
      diff(pilot(5)),
    ]) {
      assert.equal(isPurelyNarrowing(changes), true, JSON.stringify(changes))
      assert.deepEqual(widenings(changes), [])
    }
  })

  it('does not only narrow: a higher class that is marked, a lower one, anything beside it, words alone, nothing', () => {
    const raised = classes('orphaned-owner', 'revenue-impacting')
    const one = { marks: marksFor(POLICY, ['revenue-impacting']) }
    for (const changes of [
      diff({ ...one, classes: raised }, one),
      diff({ classes: classes('orphaned-owner', 'expected') }),
      diff({ classes: raised, mode: 'live', scope: [] }),
      diff({ classes: raised, territories: [] }),
      diff({ title: 'Other words' }),
      diff({}),
      diff({ mode: 'observe' }),
      diff({ mode: 'draft' }),
    ]) {
      assert.equal(isPurelyNarrowing(changes), false, JSON.stringify(changes))
    }
  })

  it('widens: a mode or cap raised, a mark gained, a new rule, conditions that let more in', () => {
    for (const changes of [
      diff({}, { mode: 'observe' }),
      diff(marked),
      diff(withRules({ settles: ['orphaned-owner', 'stale-territory'] })),
      diff({}, withRules({ mode: 'review', rules: [], settles: [] })),
      diff({}, withRules({ rules: [enterprise!, dach!] })),
      diff({ scope: [] }),
      diff({}, { objects: [POLICY.objects[0]!] }),
    ]) {
      assert.notDeepEqual(widenings(changes), [], JSON.stringify(changes))
      assert.equal(isPurelyNarrowing(changes), false)
    }
  })
})
