import type { CompiledPolicy } from '../policy/compile.ts'
import type { Routing } from '../policy/routing.ts'
import { missingField } from '../record/field-value.ts'
import { type Truth, Unknown } from '../record/knowledge.ts'
import { allHold } from '../rules/evaluate.ts'
import type { CaseFacts } from '../rules/facts.ts'

export type RuledOwner = { readonly userId: string; readonly email: string }

/**
 * The user whom the winning rule names, where the workflow may write today and it would change something. Nothing is
 * written while the CRM has not answered for the present owner or for the next one: either may be there after all, or not.
 */
export function ruledOwner(compiled: CompiledPolicy, facts: CaseFacts, routing: Routing): RuledOwner | null {
  const { winner } = routing
  if (winner === null || mayWrite(compiled, facts) !== true) return null
  const { record, shape, directory } = facts
  if (isInDoubt(facts)) return null
  const user = directory.personByEmail(record.connectionId, winner.rule.owner)
  if (user === undefined || !user.active || user.standing !== undefined) return null
  if (user.userId === record.values[shape.owner]) return null
  return { userId: user.userId, email: winner.rule.owner }
}

/** The CRM has not answered yet whether the present owner is still there. */
export function isInDoubt({ ownerUnknown }: CaseFacts): boolean {
  return ownerUnknown !== null
}

/** The rule names a user for whom the CRM has not answered yet. Null: it has, or no rule wins. */
export function nextInDoubt({ record, shape, directory }: CaseFacts, { winner }: Routing): Unknown | null {
  if (winner === null) return null
  const { owner } = winner.rule
  const next = directory.personByEmail(record.connectionId, owner)
  if (next?.standing === undefined) return null
  return new Unknown([missingField(record, shape.owner, 'not-read', `the user ${owner}`)])
}

/** Whether the mode of the workflow allows writing to this record. */
export function mayWrite({ policy, pilot }: CompiledPolicy, facts: CaseFacts): Truth {
  if (policy.mode === 'live') return true
  return policy.mode === 'pilot' && pilot !== null && allHold(pilot, facts)
}
