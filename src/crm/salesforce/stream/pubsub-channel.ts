import path from 'node:path'
import {
  type ClientDuplexStream,
  type ClientUnaryCall,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { libraryDeadline } from '../../../clock/clock.ts'
import { isLoopback as isLoopbackHost } from '../../allowed-hosts.ts'
import type { SalesforceSession } from '../login/session.ts'

export type ConsumerEvent = {
  readonly event: { readonly id: string; readonly schemaId: string; readonly payload: Buffer } | null
  readonly replayId: Buffer
}
export type FetchResponse = {
  readonly events: readonly ConsumerEvent[]
  readonly latestReplayId: Buffer
  readonly pendingNumRequested: number
}
export type FetchRequest = {
  readonly topicName?: string
  readonly replayPreset?: 'LATEST' | 'EARLIEST' | 'CUSTOM'
  readonly replayId?: Buffer
  readonly numRequested: number
}
export type SubscribeStream = ClientDuplexStream<FetchRequest, FetchResponse>

type PubSubClient = {
  Subscribe(metadata: Metadata): SubscribeStream
  GetSchema(
    request: { schemaId: string },
    metadata: Metadata,
    options: { deadline: number },
    callback: (error: ServiceError | null, answer?: { schemaJson: string; schemaId: string }) => void,
  ): ClientUnaryCall
  GetTopic(
    request: { topicName: string },
    metadata: Metadata,
    options: { deadline: number },
    callback: (error: ServiceError | null, answer?: { canSubscribe: boolean }) => void,
  ): ClientUnaryCall
  waitForReady(deadline: number, callback: (error?: Error) => void): void
  close(): void
}

export type PubSubChannel = {
  /** Resolves once the connection is made; rejects after a while for a refused or unreachable address. */
  ready(): Promise<void>
  subscribe(session: SalesforceSession): SubscribeStream
  schemaJson(session: SalesforceSession, schemaId: string): Promise<string>
  /** Whether our user may subscribe to this channel. Rejects with the gRPC error for an unknown channel. */
  canSubscribe(session: SalesforceSession, topicName: string): Promise<boolean>
  close(): void
}

/** A batch may hold 100 events of 1 MB each; the vendor's advice for publishers is 3 MB, its hard limit 4 MB. */
const MESSAGE_BYTES_MAX = 32 * 1024 * 1024
const CONNECT_DEADLINE_MS = 10_000
const CONNECT_TRY_MS = 500
const SCHEMA_DEADLINE_MS = 30_000
const TOPIC_DEADLINE_MS = 10_000

export function openChannel(address: string): PubSubChannel {
  const definition = loadSync(path.join(import.meta.dirname, 'pubsub_api.proto'), {
    keepCase: false,
    longs: String,
    enums: String,
    defaults: true,
  })
  const { eventbus } = loadPackageDefinition(definition) as unknown as {
    eventbus: { v1: { PubSub: new (address: string, credentials: object, options: object) => PubSubClient } }
  }
  // Tokens travel in metadata: plain text only where they cannot leave the machine.
  const security = isLoopback(address) ? credentials.createInsecure() : credentials.createSsl()
  const client = new eventbus.v1.PubSub(address, security, {
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    // We reconnect with our own backoff; the channel's own would add up to two minutes.
    'grpc.initial_reconnect_backoff_ms': 250,
    'grpc.max_reconnect_backoff_ms': 5_000,
    // One channel per subscription, so closing it closes the socket.
    'grpc.use_local_subchannel_pool': 1,
  })
  let closed = false
  return {
    async ready() {
      const givesUpAtMs = performance.now() + CONNECT_DEADLINE_MS
      for (;;) {
        // In short tries: the timer of a try outlives the channel and would keep the process from ending.
        const problem = await new Promise<Error | undefined>((resolve) => {
          client.waitForReady(libraryDeadline(CONNECT_TRY_MS), resolve)
        })
        if (problem === undefined) return
        if (closed || performance.now() >= givesUpAtMs)
          throw new Error(`could not connect to ${address}: ${problem.message}`)
      }
    },
    subscribe: (session) => client.Subscribe(authMetadata(session)),
    schemaJson: (session, schemaId) =>
      new Promise((resolve, reject) => {
        client.GetSchema(
          { schemaId },
          authMetadata(session),
          { deadline: libraryDeadline(SCHEMA_DEADLINE_MS) },
          (error, answer) => (error ? reject(error) : resolve(answer?.schemaJson ?? '')),
        )
      }),
    canSubscribe: (session, topicName) =>
      new Promise((resolve, reject) => {
        client.GetTopic(
          { topicName },
          authMetadata(session),
          { deadline: libraryDeadline(TOPIC_DEADLINE_MS) },
          (error, answer) => (error ? reject(error) : resolve(answer?.canSubscribe === true)),
        )
      }),
    close() {
      closed = true
      client.close()
    },
  }
}

function authMetadata(session: SalesforceSession): Metadata {
  const metadata = new Metadata()
  metadata.set('accesstoken', session.accessToken)
  metadata.set('instanceurl', session.instanceUrl)
  metadata.set('tenantid', session.orgId)
  return metadata
}

/** Of an address with or without a port. */
export function isLoopback(address: string): boolean {
  const url = URL.parse(`https://${address}`)
  return url !== null && url.username === '' && isLoopbackHost(url.hostname)
}
