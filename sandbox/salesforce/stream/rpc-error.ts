import { randomUUID } from 'node:crypto'
import * as grpc from '@grpc/grpc-js'

const PREFIX = 'sfdc.platform.eventbus.grpc'

/** Status, error-code trailer and text of each refusal. Codes of unknown topic and permission are not published. */
const ERRORS = {
  auth: [grpc.status.UNAUTHENTICATED, 'service.auth.error', 'The authentication information is not valid.'],
  unavailable: [grpc.status.INTERNAL, 'service.unavailable', 'The service is unavailable. Try again later.'],
  limit: [
    grpc.status.RESOURCE_EXHAUSTED,
    'subscription.limit.exceeded',
    'You have exceeded the event delivery limit for your org.',
  ],
  'replay-corrupted': [
    grpc.status.INVALID_ARGUMENT,
    'subscription.fetch.replayid.corrupted',
    'The Replay ID is invalid or outside of the retention window.',
  ],
  'replay-missing': [
    grpc.status.INVALID_ARGUMENT,
    'subscription.fetch.replayid.validation.failed',
    'The Replay ID is required for the CUSTOM replay preset.',
  ],
  'requested-invalid': [
    grpc.status.INVALID_ARGUMENT,
    'subscription.fetch.requested.events.invalid',
    'The number of requested events must be greater than zero.',
  ],
  'topic-changed': [
    grpc.status.INVALID_ARGUMENT,
    'subscription.fetch.topic.mismatch',
    'The topic of a running subscription cannot change.',
  ],
  'topic-unknown': [grpc.status.NOT_FOUND, 'topic.not.found', 'The topic does not exist.'],
  'topic-forbidden': [grpc.status.PERMISSION_DENIED, 'topic.permission.denied', 'The topic cannot be subscribed to.'],
  'schema-blank': [
    grpc.status.INVALID_ARGUMENT,
    'schema.validation.failed',
    "Schema validation failed. The schema ID can't be blank.",
  ],
  'schema-unknown': [grpc.status.NOT_FOUND, 'schema.not.found', 'The schema does not exist.'],
} as const

export type RpcErrorKind = keyof typeof ERRORS

export function rpcError(kind: RpcErrorKind, rpc: string): grpc.ServerErrorResponse {
  const [code, errorCode, text] = ERRORS[kind]
  const rpcId = randomUUID()
  const metadata = new grpc.Metadata()
  metadata.set('error-code', `${PREFIX}.${errorCode}`)
  metadata.set('rpc-id', rpcId)
  metadata.set('type', rpc)
  return Object.assign(new Error(text), { code, details: `${text} rpcId: ${rpcId}`, metadata })
}
