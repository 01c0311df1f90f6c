import type { z } from 'zod'
import type { ExceptionClass } from '../model/classes/class.ts'
import { findPattern } from '../model/patterns/registry.ts'
import type { Branch, ObjectRef, PatternName } from '../model/policy/policy.ts'
import type { Conditions } from '../model/rules/condition.ts'
import { checkFieldsOfOurs, type NamingFields } from './territories-field-check.ts'

/** What the checks need of a policy document that is already well formed. */
type Checked = {
  readonly workflow: string
  readonly title: string
  readonly mode: string
  readonly pilot: { readonly when: Conditions } | null
  readonly action: { readonly says: string; readonly when: Conditions | 'never' }
  readonly objects: readonly ObjectRef[]
  readonly scope: Conditions
  readonly patterns: NamingFields['patterns']
  readonly classes: readonly {
    readonly pattern?: PatternName | undefined
    readonly when: Conditions
    readonly class: ExceptionClass
  }[]
  readonly boundary: readonly (Pick<Branch, 'branch' | 'mode' | 'settles' | 'settlesClasses'> & {
    readonly when: Conditions
    readonly rules: readonly { readonly rule: string; readonly when: Conditions }[]
  })[]
  readonly guards: { readonly revenueThreshold: number }
}

const GOOD_NAME = '"Assign inbound HubSpot leads to the representative of their territory"'
const VAGUE =
  /\b(ai|a\.i\.|gpt|llm|smart|smarter|intelligent|intelligence|magic|synergy|transformation|optimi[sz]e\w*|improve\w*|better|next[- ]gen\w*|cutting[- ]edge|automation)\b/i

/** What a well-formed policy may still not say. Each message names what is allowed instead. */
export function checkPolicy(policy: Checked, context: z.RefinementCtx): void {
  const refuse = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
  checkNames(policy, refuse)
  if (policy.mode === 'pilot' && policy.pilot === null) {
    refuse(
      ['mode'],
      'is pilot, so pilot must say which narrow slice and how many writes a day: pilot: { when: [...], dailyCap: 20 }',
    )
  }
  if (policy.mode !== 'pilot' && policy.pilot !== null) refuse(['pilot'], 'is only allowed with mode: pilot')
  checkBoundary(policy, refuse)
  checkClasses(policy, refuse)
  checkPatterns(policy, refuse)
  checkFieldsOfOurs({ ...policy, conditions: conditionsOf(policy) }, refuse)
}

function conditionsOf({ scope, action, pilot, classes, boundary }: Checked) {
  return [
    { path: ['scope'], when: scope },
    ...(action.when === 'never' ? [] : [{ path: ['action', 'when'], when: action.when }]),
    ...(pilot === null ? [] : [{ path: ['pilot', 'when'], when: pilot.when }]),
    ...classes.map(({ when }, i) => ({ path: ['classes', i, 'when'], when })),
    ...boundary.flatMap(({ when, rules }, i) => [
      { path: ['boundary', i, 'when'], when },
      ...rules.map((rule, j) => ({ path: ['boundary', i, 'rules', j, 'when'], when: rule.when })),
    ]),
  ]
}

type Refuse = (path: (string | number)[], message: string) => void

/** M29: exactly one workflow with its downstream action, not a wish. */
function checkNames({ title, action, workflow }: Checked, refuse: Refuse): void {
  const vague = VAGUE.exec(title) ?? (title.trim().split(/\s+/).length < 2 ? [title] : null)
  if (vague !== null) {
    refuse(
      ['title'],
      `"${title}" is too vague ("${vague[0]}"): name the one thing the workflow does, for example ${GOOD_NAME}`,
    )
  }
  const vagueId = VAGUE.exec(workflow.replaceAll('-', ' '))
  if (vagueId !== null) {
    refuse(
      ['workflow'],
      `"${workflow}" is too vague ("${vagueId[0]}"): name one action on one object, for example inbound-lead-routing`,
    )
  }
  const vagueAction = VAGUE.exec(action.says)
  if (vagueAction !== null) {
    refuse(
      ['action', 'says'],
      `is too vague ("${vagueAction[0]}"): say what is written where, for example ${GOOD_NAME}`,
    )
  }
}

function checkBoundary({ boundary, action }: Checked, refuse: Refuse): void {
  const branches = new Set<string>()
  const rules = new Set<string>()
  for (const [i, branch] of boundary.entries()) {
    const at = ['boundary', i]
    if (branches.has(branch.branch))
      refuse([...at, 'branch'], `"${branch.branch}" is there twice; each branch needs its own name`)
    branches.add(branch.branch)
    if (branch.mode === 'rules' && branch.rules.length === 0) {
      refuse([...at, 'rules'], 'is empty, but mode is rules: write at least one rule, or choose review or manual')
    }
    if (branch.mode !== 'rules' && branch.rules.length > 0) {
      refuse(
        [...at, 'rules'],
        `are not allowed in mode ${branch.mode}: a person decides there; choose mode rules or leave them out`,
      )
    }
    if (branch.mode !== 'rules' && branch.settles.length > 0) {
      refuse([...at, 'settles'], `is only allowed in mode rules, not in ${branch.mode}`)
    }
    if (branch.settlesClasses.includes('unknown')) {
      refuse(
        [...at, 'settlesClasses'],
        'may not list unknown: no rule ever settles an unknown; allowed are customer-facing and revenue-impacting',
      )
    }
    for (const [j, pattern] of branch.settles.entries()) {
      const known = findPattern(pattern)
      if (known?.restsOn === 'routing') {
        refuse([...at, 'settles', j], `${pattern} means that no rule decides, so no rule can settle it`)
      } else if (known !== undefined && known.endsBy !== 'owner') {
        refuse(
          [...at, 'settles', j],
          `${pattern} does not end with a new owner, which is all that a rule writes, so no rule can settle it`,
        )
      }
    }
    for (const [j, { rule }] of branch.rules.entries()) {
      if (rules.has(rule))
        refuse([...at, 'rules', j, 'rule'], `the rule "${rule}" is there twice; each id may be used once in a workflow`)
      rules.add(rule)
    }
  }
  if (boundary.length === 0 && action.when !== 'never') {
    refuse(['boundary'], 'must have at least one branch, because the workflow acts')
  }
}

/** A pattern on an object that the workflow does not watch would find nothing, for ever. */
function checkPatterns({ patterns, objects }: Checked, refuse: Refuse): void {
  for (const [i, { only }] of patterns.entries()) {
    if (only === undefined || objects.some(({ crm, object }) => crm === only.crm && object === only.object)) continue
    const watched = objects.map(({ crm, object }) => `${crm}.${object}`).join(', ')
    refuse(
      ['patterns', i, 'only'],
      `is ${only.crm}.${only.object}, which the workflow does not watch; it watches ${watched}`,
    )
  }
}

/** Built-in floors cannot be lowered; a rule that tries would never do what it says. */
function checkClasses({ classes, guards }: Checked, refuse: Refuse): void {
  for (const [i, rule] of classes.entries()) {
    const lowest = rule.pattern === undefined ? null : (findPattern(rule.pattern)?.floor ?? null)
    if (rule.class === 'expected' && lowest !== null) {
      refuse(
        ['classes', i, 'class'],
        `is expected, but ${rule.pattern} changes who works a record and is at least ${lowest}`,
      )
    }
    const isLow = rule.class === 'expected' || rule.class === 'risky'
    for (const condition of rule.when) {
      if (
        isLow &&
        condition.field === 'fact.customer' &&
        condition.op === 'in' &&
        condition.values.every((v) => v === 'true')
      ) {
        refuse(
          ['classes', i, 'class'],
          `is ${rule.class}, but a case of an existing customer is at least customer-facing`,
        )
      }
      const isBig = condition.op === 'range' && Number(condition.from ?? Number.NaN) >= guards.revenueThreshold
      if (
        rule.class !== 'revenue-impacting' &&
        rule.class !== 'unknown' &&
        condition.field === 'fact.openPipeline' &&
        isBig
      ) {
        refuse(
          ['classes', i, 'class'],
          `is ${rule.class}, but open pipeline from ${guards.revenueThreshold} is at least revenue-impacting`,
        )
      }
    }
  }
}
