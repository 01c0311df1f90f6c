import type { RefusedWrite } from '../patterns/contract/finding.ts'
import type { PatternName, PolicyVersion } from '../policy/policy.ts'
import type { WrittenOwner } from '../record/as-written.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import type { Directory } from '../record/crm-user.ts'
import type { Unknown } from '../record/knowledge.ts'
import type { Neighbours } from '../record/neighbours.ts'
import type { DecidedException } from './decided-exception.ts'
import type { HeldOwner } from './owner-loop.ts'
import type { OwnerWrite } from './owner-write.ts'
import type { WakeUp } from './wake-up.ts'

export type Decision = {
  readonly inScope: boolean
  readonly exceptions: readonly DecidedException[]
  /** Null: nothing to write. Never present together with an open exception whose posture holds or stops the action. */
  readonly write: OwnerWrite | null
  /** Inputs that it rests on and that are not known. While there are any, nothing is written. Null: everything is known. */
  readonly unknown: Unknown | null
  /**
   * Patterns that may have more to find once everything is known, so that a case of theirs which was not found again is
   * not over. `all`: it is not even known whether the workflow covers the record.
   */
  readonly undecided: ReadonlySet<PatternName> | 'all'
  /** The earliest time at which it changes although the record does not, and why. Null: it does not. */
  readonly wake: WakeUp | null
}

export type DecideInput = {
  /**
   * Owners of neighbors that we are about to write, by `refKey`: two writes that are right alone may make one case together.
   * Absent: none.
   */
  readonly planned?: ReadonlyMap<string, WrittenOwner>
  readonly record: CrmRecord
  readonly neighbours: Neighbours
  readonly directory: Directory
  readonly version: PolicyVersion
  /**
   * The owner write of this workflow that the CRM refused last, while it is not to be tried again. Absent or null: none.
   */
  readonly refused?: RefusedWrite | null
  /**
   * Patterns of which the record has an open case of class unknown. One that would end only because time has passed stays
   * open and holds the write, because nobody has explained it. Absent: none.
   */
  readonly openUnknowns?: ReadonlySet<PatternName>
  /** Sides change this record's owner in turn, or a case says so still: no rule writes it. Absent or null: no. */
  readonly loop?: HeldOwner | null
  /** The moment of decision, epoch milliseconds. Never read from a clock inside the model. */
  readonly nowMs: number
}
