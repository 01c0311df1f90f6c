import type { z } from 'zod'
import type { ExceptionClass } from '../../model/classes/class.ts'
import { findPattern } from '../../model/patterns/registry.ts'
import type { Branch, ObjectRef, PatternName } from '../../model/policy/policy.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import type { Conditions, RuleOwner } from '../../model/rules/condition.ts'
import { nameInCurrency, readFieldName } from '../../model/rules/field-name.ts'
import { checkTogether } from '../conditions/contradictions.ts'
import { emailMistake } from '../conditions/email-check.ts'
import { nearestName } from '../nearest-name.ts'
import { checkPatterns } from './pattern-checks.ts'
import { checkReached, conditionsOf } from './policy-conditions.ts'
import { checkFieldsOfOurs, type NamingFields } from './territories-field-check.ts'
import { vagueWord, vagueWordOfId } from './vague-words.ts'

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
  readonly customers?: Conditions | undefined
  readonly classes: readonly {
    readonly pattern?: PatternName | undefined
    readonly when: Conditions
    readonly class: ExceptionClass
  }[]
  readonly boundary: readonly (Pick<Branch, 'branch' | 'mode' | 'settles' | 'settlesClasses'> & {
    readonly when: Conditions
    readonly rules: readonly { readonly rule: string; readonly when: Conditions; readonly owner: RuleOwner }[]
  })[]
  readonly owners?:
    | {
        readonly reviewers: Readonly<Record<string, readonly string[]>>
        readonly accepted: Readonly<Record<string, string>>
        readonly override: string
        readonly rollback: string
        readonly boundary: string
        readonly data: string
        readonly workflow: string
      }
    | undefined
  readonly guards: { readonly revenueThreshold: number; readonly revenueCurrency?: string | undefined }
}

const EMAIL_SLIPS_MAX = 3

const GOOD_NAME = '"Assign inbound HubSpot leads to the representative of their territory"'
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
  if (policy.pilot?.when.length === 0) {
    refuse(['pilot', 'when'], 'is empty, which is every record: say which slice, for example one country')
  }
  checkObjects(policy, refuse)
  checkAccepted(policy, refuse)
  checkBoundary(policy, refuse)
  checkOwners(policy, refuse)
  checkClasses(policy, refuse)
  checkPatterns(policy, refuse)
  checkCustomers(policy, refuse)
  const conditions = conditionsOf(policy)
  checkFieldsOfOurs({ ...policy, conditions }, refuse)
  checkTogether({ ...policy, conditions }, refuse)
  checkReached(policy, refuse)
}

type Refuse = (path: (string | number)[], message: string) => void

function checkObjects({ objects }: Checked, refuse: Refuse): void {
  const names = objects.map(({ crm, object }) => `${crm}.${object}`)
  for (const [i, name] of names.entries()) {
    if (names.indexOf(name) !== i) refuse(['objects', i], `"${name}" is there twice; name each object once`)
  }
}

/** Who accepts without having a job was probably meant to be somebody else, whose job stays vacant. */
function checkAccepted({ owners }: Checked, refuse: Refuse): void {
  if (owners === undefined) return
  const { reviewers, accepted, ...jobs } = owners
  const holders = [...Object.values(reviewers).flat(), ...Object.values(jobs)]
  // Who is named wrongly has no job only for that.
  if (holders.some((holder) => emailMistake(holder) !== null)) return
  for (const email of Object.keys(accepted)) {
    if (holders.includes(email)) continue
    const meant = nearestName(email, holders, EMAIL_SLIPS_MAX)
    const remedy = meant === undefined ? 'give them a job, or remove the line' : `did you mean ${meant}?`
    refuse(['owners', 'accepted', email], `"${email}" has no job in this workflow; ${remedy}`)
  }
}

/** M29: exactly one workflow with its downstream action, not a wish. */
function checkNames({ title, action, workflow }: Checked, refuse: Refuse): void {
  const vague = vagueWord(title) ?? (title.trim().split(/\s+/).length < 2 ? title : null)
  if (vague !== null) {
    refuse(
      ['title'],
      `"${title}" is too vague ("${vague}"): name the one thing the workflow does, for example ${GOOD_NAME}`,
    )
  }
  const vagueId = vagueWordOfId(workflow, title)
  if (vagueId !== null) {
    refuse(
      ['workflow'],
      `"${workflow}" is too vague ("${vagueId}"): name one action on one object, for example inbound-lead-routing`,
    )
  }
  const vagueAction = vagueWord(action.says)
  if (vagueAction !== null) {
    refuse(['action', 'says'], `is too vague ("${vagueAction}"): say what is written where, for example ${GOOD_NAME}`)
  }
}

function checkBoundary({ boundary, action, patterns }: Checked, refuse: Refuse): void {
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
    if (branch.settlesClasses.length > 0) {
      refuse(
        [...at, 'settlesClasses'],
        'is no part of a policy any more; remove it. Two people mark a rule for a class on the page Changes, with a reason and an end; no rule ever settles an unknown',
      )
    }
    for (const [j, pattern] of branch.settles.entries()) {
      if (findPattern(pattern) !== undefined && !patterns.some((setting) => setting.pattern === pattern)) {
        refuse(
          [...at, 'settles', j],
          `${pattern} is not listed under patterns, so that no case of it is ever found; list it there, or remove it here`,
        )
        continue
      }
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

/** An outcome that no record of the workflow could ever have would be a case on each of them. */
function checkOwners({ boundary, objects, patterns }: Checked, refuse: Refuse): void {
  const shapes = objects.map(({ crm, object }) => objectShape(crm, object))
  const watched = objects.map(({ crm, object }) => `${crm}.${object}`).join(', ')
  for (const [i, { rules }] of boundary.entries()) {
    for (const [j, { owner }] of rules.entries()) {
      const at = ['boundary', i, 'rules', j, 'owner']
      if (typeof owner !== 'string') {
        if (shapes.some((shape) => shape?.ownedByQueues === true)) continue
        refuse(at, `is a queue, but no queue can own ${watched}: name a person`)
      } else if (owner === 'account.owner' && shapes.every((shape) => shape?.about === 'account')) {
        refuse(at, `is account.owner, but ${watched} are accounts themselves: name a person, or match.owner`)
      } else if (owner === 'match.owner' && !patterns.some(({ pattern }) => pattern === 'duplicate-ownership')) {
        refuse(at, 'is match.owner, but nothing says what a match is: list the pattern duplicate-ownership')
      }
    }
  }
}

/** A mark is looked for on records of every CRM, so it must say of which object it is, and it may only say who is one. */
function checkCustomers({ customers = [] }: Checked, refuse: Refuse): void {
  for (const [i, { field, op }] of customers.entries()) {
    const name = readFieldName(field)
    if (name?.kind !== 'own' || name.only === null) {
      refuse(
        ['customers', i, 'field'],
        `"${field}" must say of which object it is, for example hubspot.companies.lifecyclestage or salesforce.Account.Type`,
      )
    }
    const only = name?.kind === 'own' ? name.only : null
    if (only !== null && objectShape(only.crm, only.object)?.about === 'deal') {
      refuse(
        ['customers', i, 'field'],
        `"${field}" is of deals, and customers are told by accounts and persons; name a field of the account`,
      )
    }
    if (op !== 'in' && op !== 'not-blank') {
      refuse(
        ['customers', i],
        'says who is a customer: list the values with in, or ask for any value with blank: false',
      )
    }
  }
}

/** Built-in floors cannot be lowered; a rule that tries would never do what it says. */
function checkClasses({ classes, guards }: Checked, refuse: Refuse): void {
  const { revenueCurrency } = guards
  const limited =
    revenueCurrency === undefined ? 'fact.openPipeline' : nameInCurrency('fact.openPipeline', revenueCurrency)
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
      if (rule.class !== 'revenue-impacting' && rule.class !== 'unknown' && condition.field === limited && isBig) {
        refuse(
          ['classes', i, 'class'],
          `is ${rule.class}, but open pipeline from ${guards.revenueThreshold} is at least revenue-impacting`,
        )
      }
    }
  }
}
