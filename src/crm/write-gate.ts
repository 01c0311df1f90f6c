/**
 * Asked by adapters directly before the bytes of every request that writes, each retry included: which of its items may
 * leave now. What it keeps back is left out of the body and gets the outcome `withheld`. The runner that gives one to a verb
 * records every attempt.
 */
export type WriteGate = {
  /** Takes the call from the shared allowance too. Throws `CrmBusyError` when there is none left for long. */
  ask(keys: readonly string[]): Promise<WriteGrant>
  /** Why the item was kept back when it was last asked about. Null: it was let through. */
  withheld(key: string): string | null
}

export type WriteGrant = {
  readonly allowed: ReadonlySet<string>
  /** False once the grant is over: from then on no byte may leave. */
  mayLeave(): boolean
  /** The CRM's answer to this one request began. */
  answered(answer: { readonly status: number; readonly requestId: string | null }): void
}

/** One item of a request, ready to be put into its body. */
export type BodyPart = { readonly key: string; readonly json: string }

/** A body that is made when the gate has said what may be in it: `before`, the parts with commas, `after`. */
export type GatedBody = {
  readonly gate: WriteGate
  readonly parts: readonly BodyPart[]
  readonly before: string
  readonly after: string
}

/** The gate kept every item of the request back. Nothing was sent. */
export class CrmWithheldError extends Error {
  override readonly name = 'CrmWithheldError'
  readonly code = 'CRM_WITHHELD'
}
