import type { DecidedException } from '../../model/decision/decided-exception.ts'
import type { HeldInput } from '../../model/decision/input-case.ts'
import { canonicalJson } from '../../model/policy/canonical.ts'
import type { LedgerEntry } from '../../store/ledger/ledger.ts'

/** The ledger's entry of an input's case. */
export function entryOf(
  { nowMs }: { readonly nowMs: number },
  kind: string,
  input: HeldInput,
  decided: DecidedException,
  exceptionId: number,
): { readonly entry: LedgerEntry; readonly exceptionId: number } {
  const body = canonicalJson({
    exception: exceptionId,
    workflow: decided.receipt.workflow,
    pattern: decided.pattern,
    class: decided.class,
    classBecause: decided.classBecause,
    posture: decided.posture,
    owner: decided.owner,
    passedOver: decided.passedOver,
    what: decided.finding.what,
    evidence: decided.finding.evidence,
    involves: [],
    receipt: decided.receipt,
  })
  const entry = { at: new Date(nowMs), kind, actor: 'lanekeeper', subject: subjectOf(input), body }
  return { entry, exceptionId }
}

export function subjectOf({ connectionId, objectType, field, why }: HeldInput): string {
  return `${connectionId}/${objectType}/${field}/${why}`
}
