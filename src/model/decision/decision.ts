import type { ExceptionClass, Posture } from '../classes/class.ts'
import type { Finding, RefusedWrite } from '../patterns/finding.ts'
import type { PatternName, PolicyVersion } from '../policy/policy.ts'
import type { FieldText } from '../record/change-event.ts'
import type { CrmRecord, RecordRef } from '../record/crm-record.ts'
import type { Directory } from '../record/crm-user.ts'
import type { Neighbours } from '../record/neighbours.ts'
import type { RuleMiss } from '../rules/evaluate.ts'

export type DecideInput = {
  readonly record: CrmRecord
  readonly neighbours: Neighbours
  readonly directory: Directory
  readonly version: PolicyVersion
  /**
   * The owner write of this workflow that the CRM refused last, while it is not to be tried again. Absent or null: none.
   */
  readonly refused?: RefusedWrite | null
  /** The moment of decision, epoch milliseconds. Never read from a clock inside the model. */
  readonly nowMs: number
}

/** M56, M57: enough to check the decision without us. Canonical JSON of this is what the ledger hashes. */
export type Receipt = {
  readonly policy: string
  readonly workflow: string
  readonly record: RecordRef
  readonly decidedAt: string
  /** Name of the branch that the record falls into, and its mode. Null when none does. */
  readonly branch: string | null
  readonly mode: 'rules' | 'review' | 'manual' | null
  /** The rule that fired, if one did. */
  readonly rule: string | null
  readonly because: string | null
  readonly misses: readonly RuleMiss[]
  /** The smallest change of an input that would have changed the outcome, in words. */
  readonly wouldChange: string | null
  /** Inputs that mattered: value and when it last changed (ISO), or null when unknown. */
  readonly inputs: Readonly<Record<string, { readonly value: FieldText; readonly changedAt: string | null }>>
}

export type ExceptionStatus = 'open' | 'settled-by-rule'

/** One exception as decided. The pipeline matches it with the stored one by (workflow, pattern, subject). */
export type DecidedException = {
  readonly pattern: PatternName
  /** `refKey(record)` plus the finding's detail: unique within connection, workflow and pattern. */
  readonly subject: string
  readonly class: ExceptionClass
  readonly classBecause: string
  readonly posture: Posture
  readonly finding: Finding
  /** Settled: a rule wins here, and `Decision.write` holds what it decided. No task. */
  readonly status: ExceptionStatus
  readonly settledByRule: string | null
  /** E-mail of the person who owns the case. */
  readonly owner: string
  /** Who was passed over on the way to the owner, and why. */
  readonly passedOver: readonly { readonly email: string; readonly why: string }[]
  readonly dueAtMs: number
  /** What the workflow would have done by itself, and why it did not: one sentence. */
  readonly wouldHave: string
  readonly receipt: Receipt
}

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

export type Decision = {
  readonly inScope: boolean
  readonly exceptions: readonly DecidedException[]
  /** Null: nothing to write. Never present together with an open exception whose posture holds or stops the action. */
  readonly write: OwnerWrite | null
  /** Decide this record again at this time, although nothing changes: a grace or window ends. Null: no need. */
  readonly recheckAtMs: number | null
}
