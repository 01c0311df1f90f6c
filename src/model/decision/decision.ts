import type { RefusedWrite } from '../patterns/contract/finding.ts'
import type { PolicyVersion } from '../policy/policy.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import type { Directory } from '../record/crm-user.ts'
import type { Neighbours } from '../record/neighbours.ts'
import type { DecidedException } from './decided-exception.ts'
import type { OwnerWrite } from './owner-write.ts'

export type Decision = {
  readonly inScope: boolean
  readonly exceptions: readonly DecidedException[]
  /** Null: nothing to write. Never present together with an open exception whose posture holds or stops the action. */
  readonly write: OwnerWrite | null
  /** Decide this record again at this time, although nothing changes: a grace or window ends. Null: no need. */
  readonly recheckAtMs: number | null
}

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
