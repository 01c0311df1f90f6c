import { CrmReconnectError, CrmRefusedError, CrmScopeMissingError, CrmUnknownError } from '../../crm-client.ts'
import type { HubSpotErrorBody } from './error-body.ts'

/** HubSpot understood the request and refused it. The verbs read in its error body which input or property it means. */
export class HubSpotRefusal extends CrmRefusedError {
  readonly body: HubSpotErrorBody
  constructor(message: string, code: string, status: number, body: HubSpotErrorBody) {
    super(message, code, status)
    this.body = body
  }
}

/** A 401. HubSpot's guide says that one alone does not prove that the token has expired. */
export class HubSpotTokenRefused extends CrmReconnectError {}

/** A 5xx: HubSpot may have done the work. */
export class HubSpotOutage extends CrmUnknownError {
  /** No call before this instant. Null: HubSpot does not say. */
  readonly retryAtMs: number | null
  /** How long a request that may be retried waits first. */
  readonly pauseMs: number
  constructor(message: string, status: number, retryAtMs: number | null, pauseMs: number) {
    super(message, { status })
    this.retryAtMs = retryAtMs
    this.pauseMs = pauseMs
  }
}

/** A 403: the grant is valid and lacks a scope. */
export class HubSpotScopeMissing extends CrmScopeMissingError {
  /** HubSpot's own message. */
  readonly said: string
  constructor(message: string, remedy: string, scopes: readonly string[], said: string) {
    super(message, remedy, scopes)
    this.said = said
  }
}
