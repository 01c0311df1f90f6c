import type { Condition, Conditions } from '../rules/condition.ts'
import type { Policy } from './policy.ts'

export type PolicyPath = readonly (string | number)[]

/** A condition with its place in the policy's document, and the part of the policy as people call it. */
export type PlacedCondition = { readonly path: PolicyPath; readonly part: string; readonly condition: Condition }

/** Every condition of a policy; those of the territory table, which all workflows share, begin with `territories`. */
export function placedConditions(policy: Policy): PlacedCondition[] {
  const placed = (path: PolicyPath, part: string, when: Conditions) =>
    when.map((condition, i) => ({ path: [...path, i], part, condition }))
  const { scope, action, pilot, customers = [], classes, boundary, territories } = policy
  return [
    ...placed(['scope'], 'the scope', scope),
    ...(action.when === 'never' ? [] : placed(['action', 'when'], 'the action', action.when)),
    ...(pilot === null ? [] : placed(['pilot', 'when'], 'the pilot', pilot.when)),
    ...placed(['customers'], 'the marks of customers', customers),
    ...classes.flatMap((rule, i) =>
      placed(['classes', i, 'when'], `the class ${rule.class} of ${rule.pattern ?? 'any pattern'}`, rule.when),
    ),
    ...boundary.flatMap((branch, i) => [
      ...placed(['boundary', i, 'when'], `the branch ${branch.branch}`, branch.when),
      ...branch.rules.flatMap((rule, j) =>
        placed(['boundary', i, 'rules', j, 'when'], `the rule ${rule.id}`, rule.when),
      ),
    ]),
    ...territories.flatMap((row, i) => placed(['territories', i, 'when'], `the territory ${row.territory}`, row.when)),
  ]
}
