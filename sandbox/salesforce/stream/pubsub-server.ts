import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import * as grpc from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import type { OAuthSessions } from '../login/oauth-sessions.ts'
import { ApiError } from '../org/api-error.ts'
import type { Org } from '../org/org.ts'
import type { PermissionBook } from '../org/permissions.ts'
import { normaliseId } from '../org/record-id.ts'
import type { Session } from '../wire/session.ts'
import type { UsageMeter } from '../wire/usage-meter.ts'
import type { EventSchemas } from './avro-schemas.ts'
import type { EventBus, RetainedEvent } from './event-bus.ts'
import { withoutHidden } from './event-visibility.ts'
import { rpcError } from './rpc-error.ts'
import { type FetchRequest, type SubscribeCall, Subscription } from './subscription.ts'

const PROTO = fileURLToPath(new URL('../proto/pubsub_api.proto', import.meta.url))

const ALL_ENTITIES = '/data/ChangeEvents'

export type PubSubDependencies = {
  readonly org: Org
  readonly bus: EventBus
  readonly schemas: EventSchemas
  readonly sessions: OAuthSessions
  readonly usage: UsageMeter
  readonly permissions: PermissionBook
}

type Unary<Request, Reply> = grpc.handleUnaryCall<Request, Reply>

/** The vendor's gRPC service on plaintext loopback. Publishing and managed subscriptions answer UNIMPLEMENTED. */
export class PubSubServer {
  private readonly io: PubSubDependencies
  private readonly server = new grpc.Server({ 'grpc.max_send_message_length': 4 * 1024 * 1024 })
  private readonly subscriptions = new Set<Subscription>()
  /** While silent, streams stay open and send nothing, like a dead connection. */
  private silentUntilMs = 0

  constructor(io: PubSubDependencies) {
    this.io = io
    const definition = loadSync(PROTO, { keepCase: false, longs: String, enums: String, defaults: true })
    const loaded = grpc.loadPackageDefinition(definition) as unknown as {
      eventbus: { v1: { PubSub: { service: grpc.ServiceDefinition } } }
    }
    this.server.addService(loaded.eventbus.v1.PubSub.service, {
      getTopic: this.getTopic,
      getSchema: this.getSchema,
      subscribe: this.subscribe,
    } as unknown as grpc.UntypedServiceImplementation)
  }

  listen(port: number): Promise<string> {
    return new Promise((resolve, reject) => {
      this.server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error, bound) => {
        if (error) reject(error)
        else resolve(`127.0.0.1:${bound}`)
      })
    })
  }

  close(): void {
    for (const subscription of this.subscriptions) subscription.stop()
    this.server.forceShutdown()
  }

  /** Cuts every stream, as Salesforce does when it moves them to another machine. */
  disconnectAll(kind: 'unavailable' | 'auth' | 'limit'): number {
    const count = this.subscriptions.size
    for (const subscription of [...this.subscriptions]) subscription.fail(rpcError(kind, 'Subscribe'))
    return count
  }

  silence(ms: number): void {
    this.silentUntilMs = performance.now() + ms
    // Afterwards the held-back events go out at once.
    setTimeout(() => {
      for (const subscription of this.subscriptions) subscription.wake()
    }, ms + 5).unref()
  }

  private readonly isSilent = (): boolean => performance.now() < this.silentUntilMs

  private readonly getTopic: Unary<{ topicName: string }, object> = (call, callback) => {
    try {
      const { userId } = this.authenticate(call.metadata, 'GetTopic')
      const entities = this.entitiesOf(call.request.topicName, 'GetTopic')
      const { schemas, org } = this.io
      const schema = entities.length === 1 ? schemas.byEntity.get(entities[0]!)! : schemas.channel
      callback(null, {
        topicName: call.request.topicName,
        tenantGuid: org.orgId,
        canPublish: false,
        canSubscribe: this.maySubscribe(userId, call.request.topicName, entities),
        schemaId: schema.id,
        rpcId: randomUUID(),
      })
    } catch (error) {
      callback(error as grpc.ServerErrorResponse)
    }
  }

  private readonly getSchema: Unary<{ schemaId: string }, object> = (call, callback) => {
    try {
      this.authenticate(call.metadata, 'GetSchema')
      if (call.request.schemaId === '') throw rpcError('schema-blank', 'GetSchema')
      const schema = this.io.schemas.byId.get(call.request.schemaId)
      if (!schema) throw rpcError('schema-unknown', 'GetSchema')
      callback(null, { schemaJson: schema.json, schemaId: schema.id, rpcId: randomUUID() })
    } catch (error) {
      callback(error as grpc.ServerErrorResponse)
    }
  }

  private readonly subscribe = (call: SubscribeCall): void => {
    let userId: string
    try {
      userId = this.authenticate(call.metadata, 'Subscribe').userId
    } catch (error) {
      call.emit('error', error)
      return
    }
    const subscription = new Subscription(call, {
      org: this.io.org,
      bus: this.io.bus,
      usage: this.io.usage,
      entitiesOf: (topic: string) => {
        const entities = this.entitiesOf(topic, 'Subscribe')
        if (this.maySubscribe(userId, topic, entities)) return entities
        throw rpcError('topic-forbidden', 'Subscribe')
      },
      receives: ({ entity, recordIds }: RetainedEvent) =>
        this.io.permissions.receives(userId, entity) &&
        this.io.permissions.hiddenAmong(userId, recordIds).length < recordIds.length,
      payloadOf: ({ entity, recordIds, schemaId, payload }: RetainedEvent) => {
        const fields = this.io.permissions.hiddenFields(userId, entity)
        const records = this.io.permissions.hiddenAmong(userId, recordIds)
        if (fields.length === 0 && records.length === 0) return payload
        return withoutHidden(this.io.schemas.byId.get(schemaId)!, payload, { fields, records })
      },
      isSilent: this.isSilent,
      onEnd: () => {
        this.subscriptions.delete(subscription)
        this.io.usage.streams = this.subscriptions.size
      },
    })
    this.subscriptions.add(subscription)
    this.io.usage.streams = this.subscriptions.size
    call.on('data', (request: FetchRequest) => subscription.fetch(request))
    call.on('end', () => subscription.finish())
    call.on('cancelled', () => subscription.stop())
    call.on('error', () => subscription.stop())
  }

  private authenticate(metadata: grpc.Metadata, rpc: string): Session {
    const read = (name: string): string => String(metadata.get(name)[0] ?? '')
    const tenant = normaliseId(read('tenantid'))
    if (tenant !== this.io.org.orgId || read('instanceurl') === '') throw rpcError('auth', rpc)
    try {
      return this.io.sessions.check(read('accesstoken'))
    } catch (error) {
      if (error instanceof ApiError) throw rpcError('auth', rpc)
      throw error
    }
  }

  /** Without View All, Salesforce refuses a channel of one entity, and leaves events out of the common channel. */
  private maySubscribe(userId: string, topic: string, entities: readonly string[]): boolean {
    const { permissions } = this.io
    if (!permissions.of(userId).apiEnabled) return false
    return topic === ALL_ENTITIES || entities.every((entity) => permissions.receives(userId, entity))
  }

  /** Channel names are case-sensitive. */
  private entitiesOf(topic: string, rpc: string): readonly string[] {
    const { schemas, org } = this.io
    const selected = org.settings.selectedEntities.filter((entity) => schemas.byEntity.has(entity))
    if (topic === ALL_ENTITIES) return [...schemas.byEntity.keys()]
    const entity = /^\/data\/(\w+)ChangeEvent$/.exec(topic)?.[1]
    if (entity && selected.includes(entity)) return [entity]
    throw rpcError(entity && org.catalog.has(entity) ? 'topic-forbidden' : 'topic-unknown', rpc)
  }
}
