import type { CompiledPolicy } from '../policy/compile.ts'
import { hiddenInputs, type Routing } from '../policy/routing.ts'
import { allHold, hiddenOf } from '../rules/evaluate.ts'
import type { CaseFacts } from '../rules/facts.ts'

export type RuledOwner = { readonly userId: string; readonly email: string }

/**
 * The user whom the winning rule names, where the workflow may write today and it would change something. Nothing is
 * written while the CRM has not answered for the present owner or for the next one: either may be there after all, or not.
 */
export function ruledOwner(compiled: CompiledPolicy, facts: CaseFacts, routing: Routing): RuledOwner | null {
  const { winner } = routing
  if (winner === null || !mayWrite(compiled, facts) || hiddenInputs(routing, facts).length > 0) return null
  const { record, shape, directory } = facts
  if (record.unreadable.has(shape.owner)) return null
  if (isInDoubt(facts)) return null
  const user = directory.personByEmail(record.connectionId, winner.rule.owner)
  if (user === undefined || !user.active || user.standing !== undefined) return null
  if (user.userId === record.values[shape.owner]) return null
  return { userId: user.userId, email: winner.rule.owner }
}

/** The CRM has not answered yet whether the present owner is still there. */
export function isInDoubt({ ownerState, owner }: CaseFacts): boolean {
  return ownerState === 'unknown' || owner?.standing !== undefined
}

/** Whether the mode of the workflow allows writing to this record. */
export function mayWrite({ policy, pilot }: CompiledPolicy, facts: CaseFacts): boolean {
  if (policy.mode === 'live') return true
  return policy.mode === 'pilot' && pilot !== null && hiddenOf(pilot, facts).length === 0 && allHold(pilot, facts)
}
