import type { ItemOutcome } from '../../crm/crm-client.ts'
import type { WriteGate } from '../../crm/write-gate.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import type { ClaimedIntent, IntentResult } from '../../store/writes/intents.ts'

/** One kind of intent: how it is claimed, prepared, sent and recorded. The order of these steps is the runner's. */
export type IntentPlan<Intent extends ClaimedIntent, Write extends PlannedWrite<Intent>> = {
  readonly claim: () => Promise<Intent[]>
  readonly prepare: (claimed: readonly Intent[]) => Promise<PreparedIntents<Write>>
  readonly send: (writes: readonly Write[], gate: WriteGate) => Promise<ItemOutcome[]>
  /** In the transaction that finishes the intents. Holds results whose lease was still ours, and late ones that count. */
  readonly record: (trx: DatabaseTransaction, finished: readonly FinishedIntent<Intent, Write>[]) => Promise<void>
  /** `object/record` for the ledger; null: the result leaves no entry. */
  readonly subjectOf: (finished: FinishedIntent<Intent, Write>) => string | null
}

export type PlannedWrite<Intent extends ClaimedIntent> = {
  readonly intent: Intent
  /** The item's name in the call and in its answer. */
  readonly key: string
  /** What the intent's row says is being sent. */
  readonly payload: object
  /** The write closes a task. */
  readonly closes: boolean
  /** Of a task: the record that it was on is deleted, and a CRM deletes some tasks together with their record. */
  readonly isRecordDeleted?: boolean
}

export type PreparedIntents<Write> = {
  readonly writes: readonly Write[]
  /** Intents that need no call. */
  readonly results: readonly IntentResult[]
  /** Records whose cases have to be decided again before anything can be written. */
  readonly toDecide: readonly {
    readonly connectionId: string
    readonly objectType: string
    readonly recordId: string
  }[]
}

export type FinishedIntent<Intent, Write> = {
  readonly intent: Intent
  readonly result: IntentResult
  /** Undefined: nothing was to be sent. */
  readonly write: Write | undefined
}
