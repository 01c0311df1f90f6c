import type { ExceptionClass } from '../classes/class.ts'
import { POSTURE, stopsAction } from '../classes/posture.ts'
import { ruleOutcome } from '../patterns/contract/rule-outcome.ts'
import { inQuotes } from '../patterns/contract/wording.ts'
import { patternOf } from '../patterns/registry.ts'
import type { CompiledPolicy } from '../policy/compile.ts'
import type { PatternSetting } from '../policy/policy.ts'
import type { Routing } from '../policy/routing.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import { namedPerson } from '../rules/condition.ts'
import { renderOwner } from '../rules/render.ts'
import { unknownInWords } from '../rules/unknown-in-words.ts'
import { loopInWords } from './loop-case.ts'
import type { Outcome } from './outcome.ts'
import { isInDoubt, maySettle, mayWrite } from './ruled-owner.ts'

/** What the workflow would have done by itself, and why it did not. Empty: the record waits for no action. */
export function wouldHave(
  one: { readonly setting: PatternSetting; readonly class: ExceptionClass; readonly ahead?: unknown },
  compiled: CompiledPolicy,
  facts: CaseFacts,
  { branch, winner, unknown }: Routing,
  { waits, refusal, missing, loop }: Pick<Outcome, 'waits' | 'refusal' | 'missing' | 'loop'>,
): string {
  const { noun } = facts.shape
  const { isBuiltIn, name } = patternOf(one.setting)
  // While it is not known which branch covers the record, any branch may.
  const anyBranch = unknown === null ? [] : compiled.branches
  const branches = branch === null ? anyBranch : [branch]
  const settles = isBuiltIn || maySettle(branches, name)
  const isAhead = one.ahead !== undefined
  if (!waits && !settles && !isAhead) return ''
  if (unknown !== null)
    return `Nothing: we cannot tell which rule decides this ${noun}, because ${unknownInWords(unknown)}.`
  if (branch === null) return `Nothing: no branch of the workflow covers this ${noun}.`
  if (branch.branch.mode !== 'rules') return `Nothing: a reviewer decides the branch ${branch.branch.branch}.`
  if (winner === null) return `Nothing: no rule of the branch ${branch.branch.branch} covers this ${noun}.`
  const { id, owner } = winner.rule
  if (owner === 'leave-alone') return `Nothing: rule ${id} leaves this ${noun} alone.`
  const { user, why, unknown: doubt } = ruleOutcome(owner, compiled, facts)
  const to = renderOwner(owner)
  const instead = user === null || user.email === to || user.kind === 'queue' ? to : `${to} (${user.email})`
  const would = `Rule ${id} would have assigned this ${noun} to ${instead}`
  const { mode } = compiled.policy
  const allowed = mayWrite(compiled, facts)
  if (allowed === false) {
    return `${would}, but ${mode === 'pilot' ? 'this record is outside the pilot' : `the workflow is in ${mode} mode and writes nothing`}.`
  }
  if (why !== null) return `${would}, ${why}.`
  if (isInDoubt(facts)) return `${would}, but the CRM has not answered yet whether the present owner is still there.`
  if (doubt !== null && namedPerson(owner) !== null) {
    return `${would}, but the CRM has not answered yet whether ${to} is still there.`
  }
  if (doubt !== null) return `${would}, but ${unknownInWords(doubt)}, so no rule writes.`
  if (user?.userId === facts.record.values[facts.shape.owner]) return `Nothing: rule ${id} keeps the present owner.`
  if (refusal !== null) return `${would}, but the CRM refused it: ${inQuotes(refusal.why)}`
  if (missing !== null) return `${would}, but ${unknownInWords(missing)}, so no rule writes.`
  if (loop !== null) return `${would}, but ${loopInWords(loop.found, facts)}, so no rule writes.`
  if (isAhead) return `${would}, but that would make this case, so it does not.`
  if (!stopsAction(POSTURE[one.class])) return `${would}; this case alone does not hold it.`
  return `${would}, but a reviewer checks ${one.class === 'unknown' ? 'unclassified' : one.class} cases first.`
}
