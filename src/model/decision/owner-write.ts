import type { CompiledPolicy } from '../policy/compile.ts'
import type { PatternName } from '../policy/policy.ts'
import type { Routing } from '../policy/routing.ts'
import type { FieldText } from '../record/change-event.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import type { DecidedException } from './decided-exception.ts'
import { makeReceipt, type Receipt } from './receipt.ts'
import type { RuledOwner } from './ruled-owner.ts'

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
  /** Marks without which it may not leave, by id. Absent: it needs none. */
  readonly marks?: readonly number[]
  readonly receipt: Receipt
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
  const marks = [...new Set(exceptions.flatMap(({ mark }) => mark?.id ?? []))].sort((a, b) => a - b)
  return {
    field: shape.owner,
    from: record.values[shape.owner] ?? null,
    to: to.userId,
    toEmail: to.email,
    rule: routing.winner!.rule.id,
    branch: routing.branch!.branch.branch,
    settles: [...new Set(settles)],
    ...(marks.length > 0 && { marks }),
    receipt: makeReceipt(compiled, facts, routing, null, to.evidence),
  }
}
