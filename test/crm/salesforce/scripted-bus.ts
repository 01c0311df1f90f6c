import path from 'node:path'
import {
  loadPackageDefinition,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import avro from 'avsc'
import type { FetchRequest, FetchResponse } from '../../../src/crm/salesforce/stream/pubsub-channel.ts'
import type { StreamClient } from '../../../src/crm/salesforce/stream/stream-client.ts'
import { CONNECTION, ORG_ID, USER_ID } from './scripted-org.ts'

type Stream = ServerDuplexStream<FetchRequest, unknown>

/** One subscription as the server sees it. */
export type SeenSubscription = {
  readonly first: FetchRequest
  readonly token: string
  readonly tenant: string
  readonly requested: number[]
  readonly closed: () => boolean
  send(events: readonly SentEvent[], latestReplayId?: Buffer): void
  fail(code: status, errorCode: string, details: string): void
  end(): void
}

export type SentEvent = { readonly schemaId: string; readonly payload: Buffer; readonly replayId: Buffer }

export type ScriptedBus = {
  readonly address: string
  readonly subscriptions: SeenSubscription[]
  readonly schemaReads: string[]
  schemas: Record<string, string>
  /** Called for each new subscription after its first request. */
  onSubscribe: (subscription: SeenSubscription) => void
  close(): void
}

export async function startScriptedBus(): Promise<ScriptedBus> {
  const proto = path.resolve(import.meta.dirname, '../../../src/crm/salesforce/stream/pubsub_api.proto')
  const { eventbus } = loadPackageDefinition(
    loadSync(proto, { keepCase: false, longs: String, enums: String, defaults: true }),
  ) as unknown as { eventbus: { v1: { PubSub: { service: Parameters<Server['addService']>[0] } } } }
  const server = new Server()
  const bus: ScriptedBus = {
    address: '',
    subscriptions: [],
    schemaReads: [],
    schemas: {},
    onSubscribe: () => {},
    close: () => server.forceShutdown(),
  }

  server.addService(eventbus.v1.PubSub.service, {
    Subscribe(stream: Stream) {
      let seen: SeenSubscription | null = null
      let closed = false
      stream.on('cancelled', () => {
        closed = true
      })
      stream.on('error', () => {})
      stream.on('data', (request: FetchRequest) => {
        if (seen) return void seen.requested.push(request.numRequested)
        seen = {
          first: request,
          token: String(stream.metadata.get('accesstoken')[0]),
          tenant: String(stream.metadata.get('tenantid')[0]),
          requested: [request.numRequested],
          closed: () => closed,
          send: (events, latestReplayId) =>
            stream.write({
              events: events.map(({ schemaId, payload, replayId }) => ({
                event: { id: 'x', schemaId, payload },
                replayId,
              })),
              latestReplayId: latestReplayId ?? events.at(-1)?.replayId ?? Buffer.alloc(0),
              pendingNumRequested: 0,
            } satisfies Omit<FetchResponse, 'events'> & { events: unknown }),
          fail(code, errorCode, details) {
            const metadata = new Metadata()
            metadata.set('error-code', errorCode)
            stream.emit('error', Object.assign(new Error(details), { code, details, metadata }))
          },
          end: () => stream.end(),
        }
        bus.subscriptions.push(seen)
        bus.onSubscribe(seen)
      })
    },
    GetSchema(call: ServerUnaryCall<{ schemaId: string }, unknown>, callback: sendUnaryData<unknown>) {
      const { schemaId } = call.request
      bus.schemaReads.push(schemaId)
      const schemaJson = bus.schemas[schemaId]
      if (schemaJson === undefined) callback({ code: status.NOT_FOUND, details: `no schema ${schemaId}` })
      else callback(null, { schemaJson, schemaId })
    },
  })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  )
  return Object.assign(bus, { address: `127.0.0.1:${port}` })
}

const optional = (type: unknown) => ['null', type]
const text = optional('string')

/** Shaped as the samples of the vendor's documentation; field positions matter to the bitmaps. */
export const LEAD_SCHEMA = {
  type: 'record',
  name: 'LeadChangeEvent',
  namespace: 'com.sforce.eventbus',
  fields: [
    {
      name: 'ChangeEventHeader',
      type: {
        type: 'record',
        name: 'ChangeEventHeader',
        fields: [
          { name: 'entityName', type: 'string' },
          { name: 'recordIds', type: { type: 'array', items: 'string' } },
          {
            name: 'changeType',
            type: {
              type: 'enum',
              name: 'ChangeType',
              symbols: [
                'CREATE',
                'UPDATE',
                'DELETE',
                'UNDELETE',
                'SNAPSHOT',
                'GAP_CREATE',
                'GAP_UPDATE',
                'GAP_DELETE',
                'GAP_UNDELETE',
                'GAP_OVERFLOW',
              ],
            },
          },
          { name: 'changeOrigin', type: 'string' },
          { name: 'transactionKey', type: 'string' },
          { name: 'sequenceNumber', type: 'int' },
          { name: 'commitTimestamp', type: 'long' },
          { name: 'commitNumber', type: 'long' },
          { name: 'commitUser', type: 'string' },
          { name: 'nulledFields', type: { type: 'array', items: 'string' } },
          { name: 'diffFields', type: { type: 'array', items: 'string' } },
          { name: 'changedFields', type: { type: 'array', items: 'string' } },
        ],
      },
    },
    {
      name: 'Name', // bit 1
      type: optional({
        type: 'record',
        name: 'PersonName',
        fields: ['Salutation', 'FirstName', 'LastName'].map((name) => ({ name, type: text })),
      }),
    },
    { name: 'Company', type: text }, // bit 2
    {
      name: 'Address', // bit 3
      type: optional({
        type: 'record',
        name: 'Address',
        fields: [
          ...['Street', 'City', 'State', 'Country'].map((name) => ({ name, type: text })),
          { name: 'Latitude', type: optional('double') },
        ],
      }),
    },
    { name: 'OtherAddress', type: optional('Address') }, // bit 4
    { name: 'Description', type: text }, // bit 5
    { name: 'AnnualRevenue', type: optional('double') }, // bit 6
    { name: 'IsConverted', type: optional('boolean') }, // bit 7
    { name: 'ConvertedDate', type: optional('long') }, // bit 8
    { name: 'OwnerId', type: text }, // bit 9
    { name: 'LastModifiedDate', type: optional('long') }, // bit 10
    { name: 'Renewal__c', type: optional('long') }, // bit 11
    { name: 'Status', type: text }, // bit 12
    { name: 'ConvertedAccountId', type: text }, // bit 13
    { name: 'ConvertedContactId', type: text }, // bit 14
    { name: 'ConvertedOpportunityId', type: text }, // bit 15
  ],
}

const encoder = avro.Type.forSchema(LEAD_SCHEMA as Parameters<typeof avro.Type.forSchema>[0])

export function leadMessage(header: Record<string, unknown>, body: Record<string, unknown> = {}): Buffer {
  const empty = Object.fromEntries(LEAD_SCHEMA.fields.slice(1).map(({ name }) => [name, null]))
  const address = (value: unknown) =>
    value ? { Street: null, City: null, State: null, Country: null, Latitude: null, ...(value as object) } : null
  return encoder.toBuffer({
    ...empty,
    ...body,
    Name: body.Name ? { Salutation: null, FirstName: null, LastName: null, ...(body.Name as object) } : null,
    Address: address(body.Address),
    OtherAddress: address(body.OtherAddress),
    ChangeEventHeader: {
      ...EMPTY_HEADER,
      ...header,
    },
  })
}

/** The same event by a schema of another version, with its own positions. */
export function encodeWith(schema: object, value: unknown): Buffer {
  return avro.Type.forSchema(schema as Parameters<typeof avro.Type.forSchema>[0]).toBuffer(value)
}

export const EMPTY_HEADER = {
  entityName: 'Lead',
  recordIds: ['00Q5f000005bwLFEAY'],
  changeType: 'UPDATE',
  changeOrigin: '',
  transactionKey: '00006948-0ac9-7da3-edb3-ea0e31b2334a',
  sequenceNumber: 1,
  commitTimestamp: 1714153779000,
  commitNumber: 1100638524517,
  commitUser: '0055f00000otherAAA',
  nulledFields: [] as string[],
  diffFields: [] as string[],
  changedFields: [] as string[],
}

/** 10 bytes, as Salesforce sends them: a number of 8 and two zeros. */
export function replayId(n: number | bigint): Buffer {
  const id = Buffer.alloc(10)
  id.writeBigUInt64BE(BigInt(n))
  return id
}

export function streamClient(overrides: Partial<StreamClient> = {}): StreamClient {
  let generation = 1
  const session = () => ({
    accessToken: `token${generation}`,
    instanceUrl: 'http://127.0.0.1:1',
    orgId: ORG_ID,
    userId: USER_ID,
  })
  return {
    connectionId: CONNECTION,
    callOptionsClient: 'lanekeeper',
    session: async () => session(),
    renewSession: async () => {
      generation++
      return session()
    },
    fieldTypes: async () =>
      new Map([
        ['ConvertedDate', 'day'],
        ['LastModifiedDate', 'instant'],
        ['AnnualRevenue', 'number'],
        ['Renewal__c', 'day'],
      ]),
    ...overrides,
  }
}
