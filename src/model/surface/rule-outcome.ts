import type { ExceptionClass } from '../classes/class.ts'
import { findPattern } from '../patterns/registry.ts'
import type { BranchMode, PatternName } from '../policy/policy.ts'
import type { RuleOutcome } from './surface.ts'

/** What an open case is about, for the question whether a rule could end it. */
export type OutcomeOfCase = {
  readonly pattern: PatternName
  readonly class: ExceptionClass
  /** By the receipt of its latest decision. Null: no branch, or the receipt was erased. */
  readonly mode: BranchMode | null
  /** A row of the branch's table matches the record. */
  readonly isCovered: boolean
}

/**
 * Who may end an open case. An unknown first, because no rule ever settles one (M15). A field next: a rule gives a record
 * its owner, it does not fill in what is blank, so a covering rule is no answer to it.
 */
export function ruleOutcome({ pattern, class: className, mode, isCovered }: OutcomeOfCase): RuleOutcome {
  if (className === 'unknown') return 'unknown'
  const endsBy = findPattern(pattern)?.endsBy
  if (endsBy === 'field') return 'field'
  // The rule has answered already, and the CRM would not have it.
  if (endsBy === 'person' || mode === 'review' || mode === 'manual') return 'person'
  return mode === 'rules' && isCovered ? 'could-settle' : 'no-rule'
}
