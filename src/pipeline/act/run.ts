import type { RunGate } from '../../connections/write-gate.ts'
import type { ItemOutcome } from '../../crm/crm-client.ts'
import type { IntentResult } from '../../store/writes/intents.ts'

/** One batch on its way to the CRM and back. */
export type Run<Write> = {
  writes: readonly Write[]
  readonly results: IntentResult[]
  /** Null: nothing was to be sent. */
  gate: RunGate | null
  outcomes: readonly ItemOutcome[]
}
