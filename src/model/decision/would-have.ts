import type { ExceptionClass } from '../classes/class.ts'
import { POSTURE, stopsAction } from '../classes/posture.ts'
import { inQuotes } from '../patterns/contract/wording.ts'
import { patternOf } from '../patterns/registry.ts'
import type { CompiledPolicy } from '../policy/compile.ts'
import type { PatternSetting } from '../policy/policy.ts'
import type { Routing } from '../policy/routing.ts'
import type { CaseFacts } from '../rules/facts.ts'
import { unknownInWords } from '../rules/unknown-in-words.ts'
import type { Outcome } from './decided-exception.ts'
import { isInDoubt, mayWrite } from './ruled-owner.ts'

/** What the workflow would have done by itself, and why it did not. Empty: the record waits for no action. */
export function wouldHave(
  one: { readonly setting: PatternSetting; readonly class: ExceptionClass },
  compiled: CompiledPolicy,
  facts: CaseFacts,
  { branch, winner, unknown }: Routing,
  { waits, refusal, missing }: Pick<Outcome, 'waits' | 'refusal' | 'missing'>,
): string {
  const { noun } = facts.shape
  const { isBuiltIn, name } = patternOf(one.setting)
  const settles = isBuiltIn || (branch?.branch.settles.includes(name) ?? false)
  if (!waits && !settles) return ''
  if (unknown !== null)
    return `Nothing: we cannot tell which rule decides this ${noun}, because ${unknownInWords(unknown)}.`
  if (branch === null) return `Nothing: no branch of the workflow covers this ${noun}.`
  if (branch.branch.mode !== 'rules') return `Nothing: a reviewer decides the branch ${branch.branch.branch}.`
  if (winner === null) return `Nothing: no rule of the branch ${branch.branch.branch} covers this ${noun}.`
  const would = `Rule ${winner.rule.id} would have assigned this ${noun} to ${winner.rule.owner}`
  const { mode } = compiled.policy
  const allowed = mayWrite(compiled, facts)
  if (allowed === false) {
    return `${would}, but ${mode === 'pilot' ? 'this record is outside the pilot' : `the workflow is in ${mode} mode and writes nothing`}.`
  }
  const next = facts.directory.personByEmail(facts.record.connectionId, winner.rule.owner)
  if (next === undefined) return `${would}, who is not an active user of this CRM.`
  if (isInDoubt(facts) || next.standing !== undefined) {
    return `${would}, but the CRM has not answered yet whether ${isInDoubt(facts) ? 'the present owner' : winner.rule.owner} is still there.`
  }
  if (facts.owner?.email === winner.rule.owner) return `Nothing: rule ${winner.rule.id} keeps the present owner.`
  if (refusal !== null) return `${would}, but the CRM refused it: ${inQuotes(refusal.why)}`
  if (missing !== null) return `${would}, but ${unknownInWords(missing)}, so no rule writes.`
  if (!stopsAction(POSTURE[one.class])) return `${would}; this case alone does not hold it.`
  return `${would}, but a reviewer checks ${one.class === 'unknown' ? 'unclassified' : one.class} cases first.`
}
