import { type RuleOutcome, ruleOutcome } from '../patterns/contract/rule-outcome.ts'
import type { CompiledPolicy } from '../policy/compile.ts'
import type { PatternName } from '../policy/policy.ts'
import type { Routing } from '../policy/routing.ts'
import type { Truth, Unknown } from '../record/knowledge.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import { allHold } from '../rules/evaluate.ts'
import { renderOwner } from '../rules/render.ts'

export type RuledOwner = {
  readonly userId: string
  /** A queue has none, and is known by its name. */
  readonly email: string
  /** What the rule's owner was read from, for the receipt. */
  readonly evidence: RuleOutcome['evidence']
}

/**
 * Whom the winning rule gives the record, where the workflow may write today and it would change something. Nothing is
 * written while the CRM has not answered for the present owner or for the next one: either may be there after all, or not.
 */
export function ruledOwner(compiled: CompiledPolicy, facts: CaseFacts, routing: Routing): RuledOwner | null {
  const { winner } = routing
  if (winner === null || mayWrite(compiled, facts) !== true) return null
  const { record, shape } = facts
  if (isInDoubt(facts)) return null
  const { user, evidence } = ruleOutcome(winner.rule.owner, compiled, facts)
  if (user === null || user.userId === record.values[shape.owner]) return null
  return { userId: user.userId, email: user.email ?? renderOwner({ queue: user.name }), evidence }
}

/** The CRM has not answered yet whether the present owner is still there. */
export function isInDoubt({ ownerUnknown }: CaseFacts): boolean {
  return ownerUnknown !== null
}

/** It is not known whom the rule gives the record. Null: it is, or no rule wins. */
export function nextInDoubt(compiled: CompiledPolicy, facts: CaseFacts, { winner }: Routing): Unknown | null {
  return winner === null ? null : ruleOutcome(winner.rule.owner, compiled, facts).unknown
}

/** Whether the mode of the workflow allows writing to this record. */
export function mayWrite({ policy, pilot }: CompiledPolicy, facts: CaseFacts): Truth {
  if (policy.mode === 'live') return true
  return policy.mode === 'pilot' && pilot !== null && allHold(pilot, facts)
}

/** Whether one of these branches lets its rules settle what this pattern finds. */
export function maySettle(branches: CompiledPolicy['branches'], pattern: PatternName): boolean {
  return branches.some(({ branch }) => branch.settles.includes(pattern))
}
