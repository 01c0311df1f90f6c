import type { BeforeBytes } from './http-exchange.ts'

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

/** Headers by which a CRM finds one request in its logs. */
const REQUEST_ID_HEADERS = ['x-hubspot-correlation-id', 'x-sfdc-request-id', 'sfdc-request-id', 'x-request-id']

/** For `exchange`: asks the gate and makes the body of what it lets through. */
export function gatedBody({ gate, parts, before, after }: GatedBody): BeforeBytes {
  return async (request) => {
    const grant = await gate.ask(parts.map(({ key }) => key))
    const allowed = parts.filter(({ key }) => grant.allowed.has(key))
    if (allowed.length === 0)
      throw new CrmWithheldError(gate.withheld(parts[0]?.key ?? '') ?? 'Nothing may be sent now')
    return {
      ...request,
      body: before + allowed.map(({ json }) => json).join(',') + after,
      mayLeave: grant.mayLeave,
      onAnswer: (status, headers) => {
        const requestId = REQUEST_ID_HEADERS.map((name) => headers.get(name)).find((id) => id !== null) ?? null
        grant.answered({ status, requestId })
      },
    }
  }
}
