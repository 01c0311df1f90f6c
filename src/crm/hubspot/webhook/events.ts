import { createHmac } from 'node:crypto'
import type { ChangeEvent, ConnectionId } from '../../../model/record/change-event.ts'
import { actorOf } from '../read/actor.ts'
import { type FieldTypeOf, fieldText, wellKnownType } from '../read/field-text.ts'
import type { HubSpotNotification } from './delivery.ts'

export type WebhookReading = {
  readonly connectionId: ConnectionId
  readonly notifications: readonly HubSpotNotification[]
  /**
   * Ours: its writes come back as notifications. Default, also for null: the app that the notification was sent to, which
   * is ours, since its secret has signed for it.
   */
  readonly appId?: string | number | null
  /** Spells values as a read does; without it only HubSpot's own properties get their type. */
  readonly fieldType?: FieldTypeOf
  readonly nowMs: number
  /**
   * Keys the digest of a value in the dedupe key, which outlives an erasure: without a key an e-mail could be found again
   * by trying.
   */
  readonly digestKey?: string | undefined
}

export type SkipReason = 'unknown-type' | 'object-not-watched' | 'no-record-id' | 'property-name' | 'unreadable'

export type ReadWebhook = {
  readonly events: ChangeEvent[]
  /** Notifications that change nothing for us, with why: counted, and answered with 2xx all the same. */
  readonly skipped: { readonly reason: SkipReason; readonly type: string }[]
}

const OBJECT_TYPES: Readonly<Record<string, string>> = {
  contact: 'contacts',
  company: 'companies',
  deal: 'deals',
  task: 'tasks',
  '0-1': 'contacts',
  '0-2': 'companies',
  '0-3': 'deals',
  '0-27': 'tasks',
}
// Longer than HubSpot's longest text property: such a value is read from the CRM instead.
const VALUE_MAX = 70_000
const NAME_MAX = 255
// A clock that runs ahead must not make its value win for ever. Five minutes: what HubSpot's own signature allows.
const AHEAD_MAX_MS = 300_000
// HubSpot was founded in 2006. What claims to be older is no time in milliseconds: 0, or a count of seconds.
const FIRST_MS = Date.UTC(2006, 0, 1)

/** Notifications of one connection as change events. None carries the whole record, so none is `complete`. */
export function toChangeEvents(reading: WebhookReading): ReadWebhook {
  const events: ChangeEvent[] = []
  const skipped: { reason: SkipReason; type: string }[] = []
  for (const notification of reading.notifications) {
    const result = eventsOrNone(notification, reading)
    if (typeof result === 'string') skipped.push({ reason: result, type: notification.type })
    else events.push(...result)
  }
  return { events, skipped }
}

/** A notification that throws is left out and counted, as the delivery would otherwise come ten times and be lost. */
function eventsOrNone(event: HubSpotNotification, reading: WebhookReading): ChangeEvent[] | SkipReason {
  try {
    return eventsOf(event, reading)
  } catch {
    return 'unreadable'
  }
}

function eventsOf(event: HubSpotNotification, reading: WebhookReading): ChangeEvent[] | SkipReason {
  const [subject = '', verb = ''] = event.type.split('.', 2)
  if (verb === 'associationChange') return associationEvents(event, subject, reading)
  if (!Object.hasOwn(KINDS, verb)) return 'unknown-type'
  const objectType = lookUp(OBJECT_TYPES, subject === 'object' ? (event.objectTypeId ?? '') : subject)
  if (objectType === undefined) return 'object-not-watched'
  // After a merge the surviving record may have a new id; the ids it was made from are gone.
  const recordId = verb === 'merge' ? (event.newObjectId ?? event.primaryObjectId ?? event.objectId) : event.objectId
  if (recordId === null) return 'no-record-id'

  const base = eventBase(event, objectType, recordId, reading)
  if (verb === 'propertyChange') {
    const name = event.propertyName ?? ''
    if (!/^[A-Za-z0-9][A-Za-z0-9_$.-]*$/.test(name) || name.length > NAME_MAX) return 'property-name'
    // Withheld, too long or not datable: something changed here, and only the record itself says to what.
    const unusable =
      event.sensitive || (event.propertyValue?.length ?? 0) > VALUE_MAX || datedAt(event, reading) === null
    if (unusable) return [{ ...base, kind: 'gap' }]
    const type = reading.fieldType?.(objectType, name) ?? wellKnownType(name)
    return [{ ...base, kind: 'changed', fields: { [name]: fieldText(type, event.propertyValue) } }]
  }
  if (verb === 'merge') {
    const gone = [event.primaryObjectId, ...event.mergedObjectIds].filter((id) => id !== null && id !== recordId)
    return [{ ...base, kind: 'merged', mergedIds: [...new Set(gone)] as string[] }]
  }
  // An erasure without a date still is one, and cannot be undone. Whether the record lives now, only a read can say.
  if (verb !== 'privacyDeletion' && datedAt(event, reading) === null) return [{ ...base, kind: 'gap' }]
  return [{ ...base, kind: KINDS[verb as keyof typeof KINDS] }]
}

/**
 * Null: the notification says no time that can be believed. One in the future is none: cut down to now it would lose
 * against the readings of the same portal, whose clock it is.
 */
function datedAt({ occurredAtMs }: HubSpotNotification, { nowMs }: WebhookReading): number | null {
  const isBelieved = occurredAtMs !== null && occurredAtMs >= FIRST_MS && occurredAtMs <= nowMs + AHEAD_MAX_MS
  return isBelieved ? occurredAtMs : null
}

const KINDS = {
  creation: 'created',
  propertyChange: 'changed',
  deletion: 'deleted',
  restore: 'restored',
  merge: 'merged',
  privacyDeletion: 'erased',
} as const satisfies Record<string, ChangeEvent['kind']>

/**
 * A link changed: both records have to be read again. HubSpot tells it once per direction and once more for "primary";
 * keys made of record, partner and time let those fall together. `objectId` is absent here.
 */
function associationEvents(
  event: HubSpotNotification,
  subject: string,
  reading: WebhookReading,
): ChangeEvent[] | SkipReason {
  const [fromWord = '', toWord = ''] = (event.associationType ?? '').toLowerCase().split('_to_', 2)
  const from = {
    type:
      lookUp(OBJECT_TYPES, event.fromObjectTypeId ?? '') ??
      lookUp(OBJECT_TYPES, fromWord) ??
      lookUp(OBJECT_TYPES, subject),
    id: event.fromObjectId ?? event.objectId,
  }
  const to = {
    type: lookUp(OBJECT_TYPES, event.toObjectTypeId ?? '') ?? lookUp(OBJECT_TYPES, toWord),
    id: event.toObjectId,
  }
  if (from.type === undefined && to.type === undefined) return 'object-not-watched'
  const events: ChangeEvent[] = []
  for (const [side, other] of [[from, to] as const, [to, from] as const]) {
    if (side.type === undefined || side.id === null) continue
    const base = eventBase(event, side.type, side.id, reading)
    const at = datedAt(event, reading) ?? `received ${reading.nowMs}`
    const parts = [event.portalId, side.type, side.id, other.type ?? '', other.id ?? '', at]
    const dedupeKey = `hook/associationChange/${parts.join('/')}/${event.associationRemoved ? 'removed' : 'added'}`
    events.push({ ...base, dedupeKey, kind: 'associated' })
  }
  return events.length > 0 ? events : 'no-record-id'
}

function eventBase(
  event: HubSpotNotification,
  objectType: string,
  recordId: string,
  reading: WebhookReading,
): ChangeEvent {
  const { connectionId, nowMs } = reading
  const atMs = datedAt(event, reading)
  // A clock that runs ahead: the change is not older than now.
  const isAhead = event.occurredAtMs !== null && event.occurredAtMs > nowMs
  const order = Number(event.eventId ?? 0)
  return {
    connectionId,
    // Event ids repeat, so they are only one part of the key. The attempt number is none: a retry is the same change.
    // Without a date two changes may look alike; taking a retry for another change only costs a read.
    dedupeKey: `hook/${[
      event.portalId,
      event.type,
      event.objectTypeId ?? '',
      recordId,
      event.eventId ?? '',
      atMs ?? `received ${nowMs}`,
      (event.propertyName ?? '').slice(0, NAME_MAX),
      ...(event.propertyName === null ? [] : [valueDigest(event.propertyValue, reading.digestKey)]),
    ].join('/')}`,
    objectType,
    recordId,
    kind: 'gap',
    occurredAtMs: atMs ?? (isAhead ? nowMs + AHEAD_MAX_MS : nowMs),
    // Breaks ties only; the id of a rounded number would be another event's.
    order: Number.isSafeInteger(order) ? order : 0,
    fields: {},
    complete: false,
    source: 'webhook',
    actor: actorOf(event.changeSource, event.sourceId, String(reading.appId ?? event.appId ?? '')),
  }
}

/** Two values that one event id, time and property carry are two changes. */
function valueDigest(value: string | null, key = ''): string {
  return createHmac('sha256', `dedupe ${key}`)
    .update(value === null ? 'null' : `=${value}`)
    .digest('base64url')
    .slice(0, 16)
}

function lookUp(table: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}
