import type { PatternName } from '../../model/policy/policy.ts'
import type { Conditions } from '../../model/rules/condition.ts'
import type { Placed } from '../conditions/contradictions.ts'
import { inWordsTaken, takenBefore } from '../conditions/never-reached.ts'

/** Where a policy document holds conditions. */
export type WithConditions = {
  readonly scope: Conditions
  readonly action: { readonly when: Conditions | 'never' }
  readonly pilot: { readonly when: Conditions } | null
  readonly classes: readonly { readonly pattern?: PatternName | undefined; readonly when: Conditions }[]
  readonly boundary: readonly {
    readonly branch: string
    readonly when: Conditions
    readonly settles: readonly PatternName[]
    readonly rules: readonly { readonly rule: string; readonly when: Conditions }[]
  }[]
}

/** Every list of conditions, with what a record has met before it gets there. */
export function conditionsOf({ scope, action, pilot, classes, boundary }: WithConditions): Placed[] {
  const inScope = [{ of: 'the scope', when: scope }]
  const acts = action.when === 'never' ? [] : [{ of: 'the action', when: action.when }]
  return [
    { path: ['scope'], when: scope },
    ...acts.map(({ when }) => ({ path: ['action', 'when'], when, within: inScope })),
    ...(pilot === null ? [] : [{ path: ['pilot', 'when'], when: pilot.when, within: inScope }]),
    ...classes.map(({ when }, i) => ({ path: ['classes', i, 'when'], when, within: inScope })),
    ...boundary.flatMap((branch, i) => [
      { path: ['boundary', i, 'when'], when: branch.when, within: inScope },
      ...branch.rules.map((rule, j) => ({
        path: ['boundary', i, 'rules', j, 'when'],
        when: rule.when,
        // A rule that settles a case is asked of records that wait for nothing, too.
        within: [{ of: 'its branch', when: branch.when }, ...inScope, ...(branch.settles.length === 0 ? acts : [])],
      })),
    ]),
  ]
}

type Refuse = (path: (string | number)[], message: string) => void

/** A branch, a rule or a class that those above it leave nothing to would never do what it says. */
export function checkReached({ scope, classes, boundary }: WithConditions, refuse: Refuse): void {
  const branches = boundary.map(({ branch, when }) => ({ name: `branch "${branch}"`, when }))
  for (const [i, { when, rules }] of boundary.entries()) {
    const met = [...scope, ...when]
    const takers = takenBefore({ name: '', when: met }, branches.slice(0, i))
    if (takers !== null) {
      refuse(['boundary', i, 'branch'], inWordsTaken(takers))
      continue
    }
    const rows = rules.map((row) => ({ name: `rule "${row.rule}"`, when: row.when }))
    for (const [j, row] of rows.entries()) {
      const above = [...branches.slice(0, i), ...rows.slice(0, j)]
      const taken = takenBefore({ ...row, when: [...met, ...row.when] }, above)
      if (taken !== null) refuse(['boundary', i, 'rules', j, 'rule'], inWordsTaken(taken))
    }
  }
  for (const [i, { pattern, when }] of classes.entries()) {
    const above = classes.slice(0, i).flatMap((one, j) => {
      const isOfIt = one.pattern === undefined || one.pattern === pattern
      return isOfIt ? [{ name: `the class in row ${j + 1}`, when: one.when }] : []
    })
    const takers = takenBefore({ name: '', when: [...scope, ...when] }, above)
    if (takers !== null) refuse(['classes', i, 'class'], inWordsTaken(takers))
  }
}
