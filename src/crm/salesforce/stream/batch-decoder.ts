import { status } from '@grpc/grpc-js'
import type { ChangeEvent } from '../../../model/record/change-event.ts'
import { CrmRefusedError } from '../../crm-client.ts'
import type { SalesforceSession } from '../login/session.ts'
import type { FieldType } from '../rest/field-text.ts'
import { type EventSchema, eventSchema } from './event-schema.ts'
import type { FetchResponse } from './pubsub-channel.ts'
import type { StreamBatch, StreamClient } from './stream-batch.ts'
import { type Header, readHeader, type StreamContext, streamEvents } from './stream-event.ts'

/** A refusal is forgotten after this: an admin gives the permission back, and a spelling by guess must not outlive it. */
const REFUSED_FOR_MS = 180_000

export type BatchDecoder = {
  decode(session: SalesforceSession, responses: readonly FetchResponse[]): Promise<Omit<StreamBatch, 'latestReplayId'>>
}

/** By the schema id of each event and never by topic: `/data/ChangeEvents` mixes objects, and old events keep theirs. */
export function batchDecoder(
  options: {
    readonly client: StreamClient
    readonly watchedFields?: (objectType: string) => readonly string[] | undefined
    /** Milliseconds that only go forward. */
    readonly clock?: () => number
  },
  fetchSchema: (session: SalesforceSession, schemaId: string) => Promise<string>,
): BatchDecoder {
  const { client, clock = () => performance.now() } = options
  const schemas = new Map<string, EventSchema>()
  const unreadableSchemas = new Set<string>()
  const undescribableUntil = new Map<string, number>()

  async function schemaOf(session: SalesforceSession, schemaId: string): Promise<EventSchema | null> {
    const known = schemas.get(schemaId)
    if (known) return known
    if (unreadableSchemas.has(schemaId)) return null
    // A failure to fetch breaks the stream, which comes back and gets the same events again. One that cannot be read
    // would do that for ever, so its events are counted and left to the poll.
    let json: string
    try {
      json = await fetchSchema(session, schemaId)
    } catch (error) {
      if (!isUnknownSchema(error)) throw error
      unreadableSchemas.add(schemaId)
      return null
    }
    try {
      const schema = eventSchema(schemaId, json)
      schemas.set(schemaId, schema)
      return schema
    } catch {
      unreadableSchemas.add(schemaId)
      return null
    }
  }

  async function typesOf(objectType: string): Promise<ReadonlyMap<string, FieldType> | undefined> {
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

  async function contextFor(session: SalesforceSession, objectType: string): Promise<StreamContext> {
    return {
      connectionId: client.connectionId,
      ours: { client: client.callOptionsClient, userId: session.userId },
      types: await typesOf(objectType),
      watched: options.watchedFields?.(objectType),
    }
  }

  return {
    async decode(session, responses) {
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
        const schema = await schemaOf(session, event.schemaId)
        const message = schema && decodeMessage(schema, event.payload)
        if (!schema || !message) {
          skip(schema ? 'unreadable event' : 'unreadable schema')
          continue
        }
        const { entityName } = message.header
        const context = contexts.get(entityName) ?? (await contextFor(session, entityName))
        contexts.set(entityName, context)
        const result = streamEvents(message.header, message.body, schema.fields, context)
        for (const change of result.events) events.push(change)
        if (result.overflow !== null) overflow.add(result.overflow)
        if (result.skipped !== null) skip(result.skipped)
      }
      return {
        events,
        overflowObjects: [...overflow],
        skipped: [...skipped].map(([reason, n]) => ({ reason, n })),
      }
    },
  }
}

/** Salesforce itself does not know the schema that its event names: it will not know it the next time either. */
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
