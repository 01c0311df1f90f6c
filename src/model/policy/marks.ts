import { createHash } from 'node:crypto'
import type { ExceptionClass } from '../classes/class.ts'
import type { Conditions, Rule } from '../rules/condition.ts'
import { canonicalJson } from './canonical.ts'
import type { Mark } from './mark.ts'
import type { Branch, Policy } from './policy.ts'

/** With what the rule was when they agreed: a rule that was edited since is not what they marked. */
export type StoredMark = Mark & { readonly workflow: string; readonly ruleHash: string }

/**
 * What a mark binds to: what the rule asks and gives, and for which records its branch is. Not why, which is prose; not its
 * place, nor the rules before it, or one new row at the top would void every mark below. Those who publish judge these.
 */
export type MarkedContent = {
  readonly v: 1
  readonly rule: { readonly id: string; readonly when: Conditions; readonly owner: Rule['owner'] }
  readonly branch: Conditions
}

export function markedContent(branch: Pick<Branch, 'when'>, { id, when, owner }: Rule): MarkedContent {
  return { v: 1, rule: { id, when, owner }, branch: branch.when }
}

export function markedHash(content: MarkedContent): string {
  return createHash('sha256').update(canonicalJson(content)).digest('hex')
}

/** The rule with this id and its branch. Null: the policy has none. */
export function findRule(
  { boundary }: Pick<Policy, 'boundary'>,
  id: string,
): { readonly branch: Branch; readonly rule: Rule } | null {
  for (const branch of boundary) {
    const rule = branch.rules.find((one) => one.id === id)
    if (rule !== undefined) return { branch, rule }
  }
  return null
}

/** The policy with those marks that are of its workflow and of its rules as they are. They are no part of what a version is. */
export function withMarks(policy: Policy, stored: readonly StoredMark[]): Policy {
  if (stored.length === 0) return policy
  const hashes = new Map<string, string | null>()
  const hashOf = (id: string): string | null => {
    if (!hashes.has(id)) {
      const found = findRule(policy, id)
      hashes.set(id, found === null ? null : markedHash(markedContent(found.branch, found.rule)))
    }
    return hashes.get(id)!
  }
  const marks = stored.filter((one) => one.workflow === policy.workflow && hashOf(one.rule) === one.ruleHash)
  if (marks.length === 0) return policy
  return { ...policy, marks: marks.map(({ id, rule, class: of, endsAtMs }) => ({ id, rule, class: of, endsAtMs })) }
}

/** The mark that lets this rule settle a case of this class now: of several the one that ends last. Null: none does. */
export function liveMark(
  { marks = [] }: Pick<Policy, 'marks'>,
  rule: string,
  of: ExceptionClass,
  nowMs: number,
): Mark | null {
  let found: Mark | null = null
  for (const mark of marks) {
    if (mark.rule !== rule || mark.class !== of || mark.endsAtMs <= nowMs) continue
    if (found === null || mark.endsAtMs > found.endsAtMs) found = mark
  }
  return found
}
