import { status } from '@grpc/grpc-js'
import type { ChangeEvent } from '../../../model/record/change-event.ts'
import { CrmRefusedError } from '../../crm-client.ts'
import type { StreamBatch } from '../../crm-stream.ts'
import type { SalesforceSession } from '../login/session.ts'
import type { FieldType } from '../rest/field-text.ts'
import { type EventSchema, eventSchema } from './event-schema.ts'
import type { FetchResponse } from './pubsub-channel.ts'
import type { StreamClient } from './stream-client.ts'
import { type Header, readHeader, type StreamContext, type StreamEvents, streamEvents } from './stream-event.ts'

/** A refusal is forgotten after this: once an admin gives the permission back, values are spelled by their types again. */
const REFUSED_FOR_MS = 180_000

export type BatchDecoder = {
  decode(session: SalesforceSession, responses: readonly FetchResponse[]): Promise<Omit<StreamBatch, 'latestReplayId'>>
}

type DecoderOptions = {
  readonly client: StreamClient
  readonly watchedFields?: (objectType: string) => readonly string[] | undefined
  /** Milliseconds that only increase. */
  readonly clock?: () => number
}

type FetchSchema = (session: SalesforceSession, schemaId: string) => Promise<string>

/** Decodes by the schema id of each event, never by topic: `/data/ChangeEvents` mixes objects, and old events keep theirs. */
export function batchDecoder(options: DecoderOptions, fetchSchema: FetchSchema): BatchDecoder {
  const schemaOf = schemaCache(fetchSchema)
  const typesOf = fieldTypes(options)
  return {
    decode: (session, responses) =>
      decodeBatch(responses, {
        schemaOf: (schemaId) => schemaOf(session, schemaId),
        contextOf: async (objectType) => ({
          connectionId: options.client.connectionId,
          ours: { client: options.client.callOptionsClient, userId: session.userId },
          types: await typesOf(objectType),
          watched: options.watchedFields?.(objectType),
        }),
      }),
  }
}

async function decodeBatch(
  responses: readonly FetchResponse[],
  io: {
    /** Null: Salesforce does not know it, or we cannot read it. */
    readonly schemaOf: (schemaId: string) => Promise<EventSchema | null>
    readonly contextOf: (objectType: string) => Promise<StreamContext>
  },
): Promise<Omit<StreamBatch, 'latestReplayId'>> {
  const events: ChangeEvent[] = []
  const overflow = new Set<string>()
  const skipped = new Map<string, number>()
  const skip = (reason: string) => skipped.set(reason, (skipped.get(reason) ?? 0) + 1)
  const contexts = new Map<string, StreamContext>()

  for (const { event } of responses.flatMap((response) => response.events)) {
    if (event === null) {
      skip('empty message')
      continue
    }
    const schema = await io.schemaOf(event.schemaId)
    const message = schema && decodeMessage(schema, event.payload)
    if (!schema || !message) {
      skip(schema ? 'unreadable event' : 'unreadable schema')
      continue
    }
    const { entityName } = message.header
    const context = contexts.get(entityName) ?? (await io.contextOf(entityName))
    contexts.set(entityName, context)
    const result = eventsOf(message, schema, context)
    for (const change of result.events) events.push(change)
    if (result.overflow !== null) overflow.add(result.overflow)
    if (result.skipped !== null) skip(result.skipped)
  }
  return {
    events,
    overflowObjects: [...overflow],
    skipped: [...skipped].map(([reason, n]) => ({ reason, n })),
  }
}

/** One message that throws would break the stream, which would bring it again for ever. */
function eventsOf(
  { header, body }: { readonly header: Header; readonly body: Record<string, unknown> },
  schema: EventSchema,
  context: StreamContext,
): StreamEvents {
  try {
    return streamEvents(header, body, schema.fields, context)
  } catch {
    return { events: [], overflow: null, skipped: 'unreadable event' }
  }
}

/** A schema never changes under its id, so every one is fetched once; null for one that cannot be had or read. */
function schemaCache(
  fetchSchema: FetchSchema,
): (session: SalesforceSession, schemaId: string) => Promise<EventSchema | null> {
  const schemas = new Map<string, EventSchema | null>()

  return async (session, schemaId) => {
    const known = schemas.get(schemaId)
    if (known !== undefined) return known
    let schema: EventSchema | null = null
    try {
      schema = await fetchedSchema(session, schemaId)
    } catch (error) {
      // A failure to fetch breaks the stream, which comes back and gets the same events again. An unknown schema would
      // do that forever, so its events are counted and left to polling.
      if (!isUnknownSchema(error)) throw error
    }
    schemas.set(schemaId, schema)
    return schema
  }

  async function fetchedSchema(session: SalesforceSession, schemaId: string): Promise<EventSchema | null> {
    const json = await fetchSchema(session, schemaId)
    try {
      return eventSchema(schemaId, json)
    } catch {
      return null
    }
  }
}

/** Undefined: our user may not describe the object, and its values are spelled without their types. */
function fieldTypes({
  client,
  clock = () => performance.now(),
}: DecoderOptions): (objectType: string) => Promise<ReadonlyMap<string, FieldType> | undefined> {
  const undescribableUntil = new Map<string, number>()

  return async (objectType) => {
    if (clock() < (undescribableUntil.get(objectType) ?? Number.NEGATIVE_INFINITY)) return undefined
    try {
      return await client.fieldTypes(objectType)
    } catch (error) {
      // Any other failure breaks the stream, which brings these events again: spelling a custom day as a number
      // because the describe was slow would store a wrong value.
      if (!(error instanceof CrmRefusedError)) throw error
      undescribableUntil.set(objectType, clock() + REFUSED_FOR_MS)
      return undefined
    }
  }
}

/** Salesforce does not know the schema that its own event names, and will not know it the next time either. */
function isUnknownSchema(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === status.NOT_FOUND
}

function decodeMessage(schema: EventSchema, payload: Buffer): { header: Header; body: Record<string, unknown> } | null {
  try {
    const body = schema.decode(payload)
    return { header: readHeader(body.ChangeEventHeader, schema.fields), body }
  } catch {
    return null
  }
}
