import { type ServiceError, status } from '@grpc/grpc-js'
import { CrmReconnectError } from '../../crm-client.ts'
import { StreamSilentError } from './stream-inbox.ts'

/** Why the stream broke, and so what to do next. */
export type StreamFailure =
  | { readonly kind: 'retry'; readonly why: string; readonly isSilent?: boolean }
  | { readonly kind: 'session-refused'; readonly why: string }
  /** Our place in the stream is invalid or older than 72 h: we may have missed changes. */
  | { readonly kind: 'replay-lost'; readonly why: string }
  /** The org's allowance of delivered events is spent; it comes back over 24 h. */
  | { readonly kind: 'allowance'; readonly why: string }
  /** An admin has to fix it: permission, topic, grant. */
  | { readonly kind: 'refused'; readonly why: string; readonly remedy: string }

const SELECT_REMEDY =
  'In Salesforce Setup > Integrations > Change Data Capture select the objects, and give our user "View All Data" and "View All Users".'

export const SESSION_REMEDY =
  'The session works for REST, but the Pub/Sub API refuses even a new one: see in Salesforce Setup that our user has "API Enabled" and the External Client App the scope "Manage user data via APIs (api)".'

const REPORT_REMEDY =
  'Salesforce calls our request malformed, which is a mistake of ours: please report it with this message. Meanwhile Lanekeeper polls for changes.'
const ADDRESS_REMEDY = 'Set the address of the Pub/Sub API to api.pubsub.salesforce.com:7443.'

export function streamFailure(error: unknown): StreamFailure {
  if (error instanceof CrmReconnectError) return { kind: 'refused', why: error.message, remedy: error.remedy }
  if (error instanceof StreamSilentError) return { kind: 'retry', why: error.message, isSilent: true }
  if (!isServiceError(error)) return { kind: 'retry', why: error instanceof Error ? error.message : String(error) }
  const code = error.metadata?.get('error-code').map(String).join(' ') ?? ''
  const why = `${status[error.code] ?? error.code}${code ? ` ${code}` : ''}: ${error.details}`.slice(0, 500)
  if (/replayid\.(?:corrupted|validation\.failed)/.test(code)) return { kind: 'replay-lost', why }
  if (/subscription\.limit\.exceeded/.test(code) || /event delivery limit/i.test(error.details))
    return { kind: 'allowance', why }
  switch (error.code) {
    case status.UNAUTHENTICATED:
      return { kind: 'session-refused', why }
    case status.INVALID_ARGUMENT:
      // A proxy may drop the trailer that names the error; then only Salesforce's text tells the two apart.
      return /replay/i.test(error.details)
        ? { kind: 'replay-lost', why }
        : { kind: 'refused', why, remedy: REPORT_REMEDY }
    case status.NOT_FOUND:
    case status.PERMISSION_DENIED:
      return { kind: 'refused', why, remedy: SELECT_REMEDY }
    case status.UNIMPLEMENTED:
      return { kind: 'refused', why, remedy: ADDRESS_REMEDY }
    default:
      return { kind: 'retry', why }
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error
}
