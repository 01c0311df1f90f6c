import type { PatternName } from '../../policy/policy.ts'
import type { FieldText } from '../../record/change-event.ts'
import type { RecordRef } from '../../record/crm-record.ts'
import type { Unknown } from '../../record/knowledge.ts'

/** An owner that a rule gave and that the CRM would not take. */
export type RefusedWrite = {
  /** Owner field value that was to be written. */
  readonly to: string
  /** What the CRM said, in its own words. */
  readonly why: string
}

/** What one pattern found on one record. */
export type Finding = {
  readonly pattern: PatternName
  /** Distinguishes several findings of one pattern on one record: the field's name, the other record. Often empty. */
  readonly detail: string
  /** One sentence for people: what happened. No field contents beyond what the task needs. */
  readonly what: string
  /**
   * Cases with the same cause share one task. Null: this case is its own cause. Example: `owner-inactive/005..`
   * for all records of one person who left.
   */
  readonly cause: string | null
  /** The same, for the heading of a shared task: "Ann Lee left and still owns records". */
  readonly causeTitle: string | null
  /** Field or fact to value: what the finding rests on, with ages where they matter. */
  readonly evidence: Readonly<Record<string, FieldText>>
  /**
   * What it rests on, for the question whether it is still the finding that a person has seen: no ages, no prose, and the
   * inputs of tables by their classes. Absent: the evidence.
   */
  readonly keyFacts?: Readonly<Record<string, unknown>>
  /** Records besides the subject that are part of it. */
  readonly involves: readonly RecordRef[]
  /** What to do now, at most three sentences. */
  readonly todo: string
  /** Inputs that are not known and that this finding itself reports, so that they need no case of their own. Absent: none. */
  readonly reports?: Unknown
  /** While the case is open nothing automated writes this field of the record, whichever workflow wants to. Absent: none. */
  readonly holdsField?: string
}
