import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import * as grpc from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { Connection } from 'jsforce'
import { type SalesforceSandbox, type SandboxOptions, startSalesforceSandbox } from '../../sandbox/salesforce/app.ts'
import { generateWorld } from '../../sandbox/world/generate.ts'

/** Clients that we did not write, pointed at the simulator: jsforce, and gRPC made from the official proto. */
export const NOW_MS = Date.parse('2026-11-22T10:00:00.000Z')

export function startSandbox(options: Omit<SandboxOptions, 'world'> = {}): Promise<SalesforceSandbox> {
  return startSalesforceSandbox({ world: generateWorld({ seed: 7, nowMs: NOW_MS, scale: 0.1 }), ...options })
}

export async function connect(
  sandbox: SalesforceSandbox,
  options: { readonly asUser?: boolean; readonly client?: string } = {},
): Promise<Connection> {
  const { clientId, clientSecret, userClientId, userClientSecret } = sandbox.credentials
  const connection = new Connection({
    version: '67.0',
    loginUrl: sandbox.url,
    oauth2: {
      loginUrl: sandbox.url,
      clientId: options.asUser ? userClientId : clientId,
      clientSecret: options.asUser ? userClientSecret : clientSecret,
    },
    ...(options.client ? { callOptions: { client: options.client } } : {}),
  })
  await connection.authorize({ grant_type: 'client_credentials' })
  return connection
}

/** The same session in a connection that cannot refresh, so that a 401 comes through as it is. */
export function withoutRefresh(connection: Connection): Connection {
  return new Connection({ version: '67.0', instanceUrl: connection.instanceUrl, accessToken: connection.accessToken! })
}

export async function control(
  sandbox: SalesforceSandbox,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${sandbox.url}/__sandbox/${path}`, {
    method,
    headers: { 'x-sandbox-control': sandbox.credentials.controlSecret, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

/** The first record of a query; fails the test when there is none. */
export async function firstRow(
  connection: Connection,
  soql: string,
): Promise<Record<string, unknown> & { Id: string }> {
  const { records } = await connection.query(soql)
  assert.ok(records[0], `no record for ${soql}`)
  return records[0] as Record<string, unknown> & { Id: string }
}

type AvroType = { fromBuffer(buffer: Buffer): Record<string, unknown> }
const require = createRequire(import.meta.url)
const avro = require('avro-js') as { parse(schema: string): AvroType }

const PROTO = fileURLToPath(new URL('../../sandbox/salesforce/proto/pubsub_api.proto', import.meta.url))

export type FetchResponse = {
  readonly events: readonly {
    readonly event: { readonly id: string; readonly schemaId: string; readonly payload: Buffer }
    readonly replayId: Buffer
  }[]
  readonly latestReplayId: Buffer
  readonly rpcId: string
  readonly pendingNumRequested: number
}

export type ServiceError = grpc.ServiceError

type Stub = grpc.Client & {
  getTopic(request: object, metadata: grpc.Metadata, callback: (error: ServiceError | null, reply: Topic) => void): void
  getSchema(
    request: object,
    metadata: grpc.Metadata,
    callback: (error: ServiceError | null, reply: Schema) => void,
  ): void
  subscribe(metadata: grpc.Metadata): grpc.ClientDuplexStream<object, FetchResponse>
}

type Topic = {
  readonly topicName: string
  readonly tenantGuid: string
  readonly canSubscribe: boolean
  readonly schemaId: string
}
type Schema = { readonly schemaJson: string; readonly schemaId: string }

export type Decoded = {
  readonly replayId: Buffer
  readonly schema: { readonly fields: readonly { readonly name: string; readonly type: unknown }[] }
  readonly header: {
    readonly entityName: string
    readonly recordIds: readonly string[]
    readonly changeType: string
    readonly changeOrigin: string
    readonly transactionKey: string
    readonly sequenceNumber: number
    readonly commitTimestamp: number
    readonly commitNumber: number
    readonly commitUser: string
    readonly nulledFields: readonly string[]
    readonly diffFields: readonly string[]
    readonly changedFields: readonly string[]
  }
  /** The body with avro-js's union wrapping taken off. */
  readonly body: Readonly<Record<string, unknown>>
}

export class PubSubClient {
  readonly stub: Stub
  readonly metadata: grpc.Metadata
  private readonly schemas = new Map<string, { type: AvroType; schema: Decoded['schema'] }>()

  constructor(sandbox: SalesforceSandbox, token: string, metadata?: Readonly<Record<string, string>>) {
    const definition = loadSync(PROTO, { keepCase: false, longs: String, enums: String, defaults: true })
    const loaded = grpc.loadPackageDefinition(definition) as unknown as {
      eventbus: { v1: { PubSub: new (address: string, credentials: grpc.ChannelCredentials) => Stub } }
    }
    this.stub = new loaded.eventbus.v1.PubSub(sandbox.pubsubAddress, grpc.credentials.createInsecure())
    this.metadata = new grpc.Metadata()
    const values = { accesstoken: token, instanceurl: sandbox.url, tenantid: sandbox.credentials.orgId, ...metadata }
    for (const [name, value] of Object.entries(values)) this.metadata.set(name, value)
  }

  topic(topicName: string): Promise<Topic> {
    return new Promise((resolve, reject) =>
      this.stub.getTopic({ topicName }, this.metadata, (error, reply) => (error ? reject(error) : resolve(reply))),
    )
  }

  schema(schemaId: string): Promise<Schema> {
    return new Promise((resolve, reject) =>
      this.stub.getSchema({ schemaId }, this.metadata, (error, reply) => (error ? reject(error) : resolve(reply))),
    )
  }

  subscribe(first: {
    readonly topicName?: string
    readonly numRequested?: number
    readonly replayPreset?: string
    readonly replayId?: Buffer
  }): Stream {
    const stream = new Stream(this, this.stub.subscribe(this.metadata))
    stream.fetch({ topicName: '/data/ChangeEvents', numRequested: 100, ...first })
    return stream
  }

  async decode({ event, replayId }: FetchResponse['events'][number]): Promise<Decoded> {
    let known = this.schemas.get(event.schemaId)
    if (!known) {
      const { schemaJson } = await this.schema(event.schemaId)
      known = { type: avro.parse(schemaJson), schema: JSON.parse(schemaJson) as Decoded['schema'] }
      this.schemas.set(event.schemaId, known)
    }
    const { ChangeEventHeader, ...body } = known.type.fromBuffer(event.payload)
    return {
      replayId,
      schema: known.schema,
      header: ChangeEventHeader as Decoded['header'],
      body: unwrap(body) as Decoded['body'],
    }
  }

  close(): void {
    this.stub.close()
  }
}

/** avro-js keeps `{"string": "x"}` around union values. */
function unwrap(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  if (entries.length === 1 && /^(string|int|long|double|boolean|com\.sforce\..+)$/.test(entries[0]![0]))
    return unwrap(entries[0]![1])
  return Object.fromEntries(entries.map(([name, inner]) => [name, unwrap(inner)]))
}

/** One Subscribe call with everything it has said so far. Reads wait with a deadline, never by sleeping. */
export class Stream {
  readonly batches: FetchResponse[] = []
  error: ServiceError | null = null
  ended = false
  private readonly client: PubSubClient
  private readonly call: grpc.ClientDuplexStream<object, FetchResponse>
  private wake: () => void = () => {}

  constructor(client: PubSubClient, call: grpc.ClientDuplexStream<object, FetchResponse>) {
    this.client = client
    this.call = call
    call.on('data', (batch: FetchResponse) => {
      this.batches.push(batch)
      this.wake()
    })
    call.on('error', (error: ServiceError) => {
      this.error = error
      this.wake()
    })
    call.on('end', () => {
      this.ended = true
      this.wake()
    })
  }

  fetch(request: object): void {
    this.call.write(request)
  }

  cancel(): void {
    this.call.cancel()
  }

  get received(): FetchResponse['events'][number][] {
    return this.batches.flatMap((batch) => [...batch.events])
  }

  async until(what: string, condition: () => boolean, deadlineMs = 5_000): Promise<void> {
    const deadline = performance.now() + deadlineMs
    while (!condition()) {
      const left = deadline - performance.now()
      assert.ok(left > 0, `waited ${deadlineMs} ms for ${what}; error: ${this.error?.message ?? 'none'}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 100))
        this.wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  async events(count: number): Promise<Decoded[]> {
    await this.until(`${count} events`, () => this.received.length >= count || this.error !== null)
    if (this.error) throw this.error
    return Promise.all(this.received.map((event) => this.client.decode(event)))
  }

  async failure(): Promise<ServiceError> {
    await this.until('an error', () => this.error !== null)
    return this.error!
  }
}

/** Names of the fields in a bitmap, worked out from the event's own schema, as every client must. */
export function fieldNames(bitmap: readonly string[], schema: Decoded['schema']): string[] {
  const names: string[] = []
  for (const part of bitmap) {
    const [index, bits] = part.includes('-') ? (part.split('-') as [string, string]) : [null, part]
    assert.match(bits, /^0x[0-9A-F]+$/)
    const fields = index === null ? schema.fields : compoundFields(schema, Number(index))
    const prefix = index === null ? '' : `${schema.fields[Number(index)]!.name}.`
    for (let value = BigInt(bits), i = 0; value > 0n; value >>= 1n, i++)
      if (value & 1n) names.push(prefix + fields[i]!.name)
  }
  return names
}

const namedTypes = new WeakMap<object, Map<string, { readonly name: string }[]>>()

function compoundFields(schema: Decoded['schema'], index: number): readonly { readonly name: string }[] {
  let named = namedTypes.get(schema)
  if (!named) {
    named = new Map()
    for (const field of schema.fields) {
      const type = (Array.isArray(field.type) ? field.type[1] : field.type) as {
        name?: string
        fields?: { name: string }[]
      }
      if (type?.fields && type.name) named.set(type.name, type.fields)
    }
    namedTypes.set(schema, named)
  }
  const type = (schema.fields[index]!.type as unknown[])[1]
  const fields = typeof type === 'string' ? named.get(type) : (type as { fields: { name: string }[] }).fields
  assert.ok(fields, `field ${index} is no compound`)
  return fields
}
