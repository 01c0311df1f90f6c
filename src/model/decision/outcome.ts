import type { RefusedWrite } from '../patterns/contract/finding.ts'
import type { Unknown } from '../record/knowledge.ts'
import type { Proposal } from './case-evidence.ts'
import type { HeldOwner } from './owner-loop.ts'
import type { Leave } from './settled-by.ts'

/** What the whole decision knows of each of its exceptions. */
export type Outcome = {
  /** The record waits for the workflow's action, or may. */
  readonly waits: boolean
  readonly refusal: RefusedWrite | null
  /** Inputs that are not known and hold the write; null: none. */
  readonly missing: Unknown | null
  /** Sides that change the owner in turn and hold the write; null: none. */
  readonly loop: HeldOwner | null
  /** By whose leave a rule settles it. Null: no rule does. */
  readonly settled: Leave | null
  /** The owner that a rule gives the record and would write. Null: none. */
  readonly proposal: Proposal | null
}
