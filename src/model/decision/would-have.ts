import type { ExceptionClass } from '../classes/class.ts'
import { POSTURE, stopsAction } from '../classes/posture.ts'
import type { RefusedWrite } from '../patterns/finding.ts'
import { patternOf } from '../patterns/registry.ts'
import { inQuotes } from '../patterns/wording.ts'
import type { CompiledPolicy } from '../policy/compile.ts'
import type { PatternSetting } from '../policy/policy.ts'
import type { Routing } from '../policy/routing.ts'
import type { CaseFacts } from '../rules/facts.ts'
import { mayWrite } from './owner-write.ts'

/** What the workflow would have done by itself, and why it did not. */
export function wouldHave(
  one: { readonly setting: PatternSetting; readonly class: ExceptionClass },
  compiled: CompiledPolicy,
  facts: CaseFacts,
  { branch, winner }: Routing,
  waits: boolean,
  refusal: RefusedWrite | null,
): string {
  const { noun } = facts.shape
  const { isBuiltIn, name } = patternOf(one.setting)
  const settles = isBuiltIn || (branch?.branch.settles.includes(name) ?? false)
  if (!waits && !settles) return `Nothing: this ${noun} waits for no action of the workflow.`
  if (branch === null) return `Nothing: no branch of the workflow covers this ${noun}.`
  if (branch.branch.mode !== 'rules') return `Nothing: in the branch ${branch.branch.branch} a person decides.`
  if (winner === null) return `Nothing: no rule of the branch ${branch.branch.branch} covers this ${noun}.`
  const would = `Rule ${winner.rule.id} would have given this ${noun} to ${winner.rule.owner}`
  const { mode } = compiled.policy
  if (!mayWrite(compiled, facts)) {
    return `${would}; it did not, because the workflow ${mode === 'pilot' ? 'is in pilot and this record is not in its slice' : `is in ${mode} mode and writes nothing`}.`
  }
  if (facts.directory.personByEmail(facts.record.connectionId, winner.rule.owner) === undefined) {
    return `${would}; it did not, because that person is not an active user of this CRM.`
  }
  if (facts.owner?.email === winner.rule.owner)
    return `Nothing: rule ${winner.rule.id} gives this ${noun} to its present owner.`
  if (refusal !== null) return `${would}; it did, and the CRM refused it: ${inQuotes(refusal.why)}`
  if (!stopsAction(POSTURE[one.class])) return `${would}; this case alone does not stop it.`
  return `${would}; it did not, because a ${one.class} case is looked at by a person first.`
}
