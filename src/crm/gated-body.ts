import type { BeforeBytes } from './http-exchange.ts'
import { CrmWithheldError, type GatedBody } from './write-gate.ts'

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
