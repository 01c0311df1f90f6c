import type { CompiledPolicy } from '../policy/compile.ts'
import type { PatternName } from '../policy/policy.ts'
import { hiddenInputs, type Routing } from '../policy/routing.ts'
import type { FieldText } from '../record/change-event.ts'
import { allHold, hiddenOf } from '../rules/evaluate.ts'
import type { CaseFacts } from '../rules/facts.ts'
import type { DecidedException } from './decided-exception.ts'
import { makeReceipt, type Receipt } from './receipt.ts'

/** The owner that a rule gives to the record. */
export type OwnerWrite = {
  readonly field: string
  readonly from: FieldText
  /** Owner field value to write: the CRM's own user id. */
  readonly to: string
  readonly toEmail: string
  readonly rule: string
  readonly branch: string
  /** Patterns that this write settles; empty when it is the workflow's ordinary action. */
  readonly settles: readonly PatternName[]
  readonly receipt: Receipt
}

export type RuledOwner = { readonly userId: string; readonly email: string }

/** The user whom the winning rule names, where the workflow may write today and it would change something. */
export function ruledOwner(compiled: CompiledPolicy, facts: CaseFacts, routing: Routing): RuledOwner | null {
  const { winner } = routing
  if (winner === null || !mayWrite(compiled, facts) || hiddenInputs(routing, facts).length > 0) return null
  const { record, shape, directory } = facts
  if (record.unreadable.has(shape.owner)) return null
  const user = directory.personByEmail(record.connectionId, winner.rule.owner)
  if (user === undefined || !user.active || user.userId === record.values[shape.owner]) return null
  return { userId: user.userId, email: winner.rule.owner }
}

/** Whether the mode of the workflow allows writing to this record. */
export function mayWrite({ policy, pilot }: CompiledPolicy, facts: CaseFacts): boolean {
  if (policy.mode === 'live') return true
  return policy.mode === 'pilot' && pilot !== null && hiddenOf(pilot, facts).length === 0 && allHold(pilot, facts)
}

export function ownerWrite(
  compiled: CompiledPolicy,
  facts: CaseFacts,
  routing: Routing,
  to: RuledOwner,
  exceptions: readonly DecidedException[],
): OwnerWrite {
  const { record, shape } = facts
  const settles = exceptions.filter(({ status }) => status === 'settled-by-rule').map(({ pattern }) => pattern)
  return {
    field: shape.owner,
    from: record.values[shape.owner] ?? null,
    to: to.userId,
    toEmail: to.email,
    rule: routing.winner!.rule.id,
    branch: routing.branch!.branch.branch,
    settles: [...new Set(settles)],
    receipt: makeReceipt(compiled, facts, routing, null),
  }
}
