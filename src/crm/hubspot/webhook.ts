import { createHmac, timingSafeEqual } from 'node:crypto'
import type { ChangeEvent, ConnectionId } from '../../model/record/change-event.ts'
import { storable } from '../storable-text.ts'
import { actorOf } from './actor.ts'
import { type FieldTypeOf, fieldText, wellKnownType } from './field-text.ts'
import { idOf, type JsonObject, objectOf, textOf } from './json-value.ts'

// HubSpot's own limit for replay protection; its deliveries carry the time of each attempt.
const TIMESTAMP_AGE_MAX_MS = 300_000
// 100 notifications of at most a rich-text value each stay far below.
const BODY_BYTES_MAX = 8 * 1024 * 1024
// A delivery holds up to 100 by the guide; ten times that, in case the guide ages.
const NOTIFICATIONS_MAX = 1_000
// A notification is flat; merges hold one list. Anything deeper was not written by HubSpot.
const DEPTH_MAX = 16

export type SignatureCheck = {
  readonly method: string
  /** The URL that HubSpot was told to call, as configured: behind a proxy the request no longer knows it. */
  readonly url: string
  /** The bytes as received: parsing and printing again changes them. */
  readonly rawBody: Buffer
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The app's client secret; during a rotation the old and the new one. */
  readonly secrets: readonly string[]
  readonly nowMs: number
}

/**
 * Signature v3, the only one that protects against replay; v1 and v2 headers come along and are ignored.
 * Exactly five minutes old passes, as in HubSpot's own check; five minutes ahead is refused, which HubSpot's misses.
 */
export function verifySignature(check: SignatureCheck): 'ok' | 'bad-signature' | 'stale' | 'malformed' {
  const signature = header(check.headers, 'x-hubspot-signature-v3')
  const timestamp = header(check.headers, 'x-hubspot-request-timestamp')
  if (signature === undefined || timestamp === undefined || !/^\d{1,15}$/.test(timestamp)) return 'malformed'
  // Some proxies turn the "+" of base64 into a space; a space has no meaning of its own there.
  const base64 = signature.replaceAll(' ', '+')
  if (!/^[A-Za-z0-9+/]{43}=$/.test(base64)) return 'malformed'
  if (Math.abs(check.nowMs - Number(timestamp)) > TIMESTAMP_AGE_MAX_MS) return 'stale'

  const given = Buffer.from(base64, 'base64')
  let ok = false
  for (const secret of check.secrets) {
    if (secret === '') continue
    const expected = createHmac('sha256', secret)
      .update(check.method.toUpperCase() + decodedUri(check.url))
      .update(check.rawBody)
      .update(timestamp)
      .digest()
    // Every secret is tried, so the time taken does not tell which one fits.
    if (timingSafeEqual(expected, given)) ok = true
  }
  return ok ? 'ok' : 'bad-signature'
}

/** The twelve escapes that HubSpot decodes before it signs, and no others: `%20` and `%26` stay. */
const DECODED: Readonly<Record<string, string>> = {
  '%3A': ':',
  '%2F': '/',
  '%3F': '?',
  '%40': '@',
  '%21': '!',
  '%24': '$',
  '%27': "'",
  '%28': '(',
  '%29': ')',
  '%2A': '*',
  '%2C': ',',
  '%3B': ';',
}

function decodedUri(url: string): string {
  return url.replace(/%[0-9a-f]{2}/gi, (code) => DECODED[code.toUpperCase()] ?? code)
}

function header(headers: SignatureCheck['headers'], name: string): string | undefined {
  const value = headers[name]
  // Sent twice it is not HubSpot's.
  return typeof value === 'string' ? value.trim() : undefined
}

/** One notification with every field brought to one type. What HubSpot did not send is null. */
export type HubSpotNotification = {
  readonly portalId: number
  readonly appId: number | null
  /** `contact.propertyChange`, `object.merge`, ... Empty when HubSpot named none. */
  readonly type: string
  readonly eventId: number | null
  readonly occurredAtMs: number | null
  readonly objectId: string | null
  readonly objectTypeId: string | null
  readonly propertyName: string | null
  readonly propertyValue: string | null
  /** HubSpot withheld the value. */
  readonly sensitive: boolean
  readonly changeSource: string | null
  readonly sourceId: string | null
  readonly primaryObjectId: string | null
  readonly newObjectId: string | null
  readonly mergedObjectIds: readonly string[]
  readonly associationType: string | null
  readonly fromObjectId: string | null
  readonly toObjectId: string | null
  readonly fromObjectTypeId: string | null
  readonly toObjectTypeId: string | null
  readonly associationRemoved: boolean
}

/** The body is not a list of notifications. The sender gets a 400 with the sentence; nothing of it is stored. */
export class WebhookFormatError extends Error {
  override readonly name = 'WebhookFormatError'
  readonly code: 'too-large' | 'too-deep' | 'not-json' | 'not-a-list' | 'too-many' | 'not-a-notification'

  constructor(code: WebhookFormatError['code'], message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/**
 * Reads a delivery. One request may mix portals, so each notification comes with its own. Unknown kinds and fields
 * pass through here: a 4xx would make HubSpot send the whole delivery ten times and then drop it.
 * A notification without a portal gets portal 0, which nobody has.
 */
export function parseWebhook(rawBody: Buffer): { readonly portalId: number; readonly event: HubSpotNotification }[] {
  if (rawBody.byteLength > BODY_BYTES_MAX) {
    throw new WebhookFormatError('too-large', `The body has ${rawBody.byteLength} bytes; ${BODY_BYTES_MAX} are read`)
  }
  if (deeperThan(rawBody, DEPTH_MAX)) {
    throw new WebhookFormatError('too-deep', `The body is nested deeper than ${DEPTH_MAX} levels`)
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(rawBody.toString('utf8'))
  } catch (error) {
    throw new WebhookFormatError('not-json', 'The body is not JSON', error)
  }
  if (!Array.isArray(parsed))
    throw new WebhookFormatError('not-a-list', 'The body is not a JSON array of notifications')
  if (parsed.length > NOTIFICATIONS_MAX) {
    throw new WebhookFormatError(
      'too-many',
      `The body holds ${parsed.length} notifications; ${NOTIFICATIONS_MAX} are read`,
    )
  }
  return parsed.map((item: unknown, index) => {
    const fields = objectOf(item)
    if (fields === undefined) {
      throw new WebhookFormatError('not-a-notification', `Notification ${index} is not a JSON object`)
    }
    const event = notification(fields)
    return { portalId: event.portalId, event }
  })
}

function notification(fields: JsonObject): HubSpotNotification {
  // `in` and plain reads would find what an object inherits; only the sender's own fields count.
  const own = (name: string): unknown => (Object.hasOwn(fields, name) ? fields[name] : undefined)
  const text = (name: string): string | null => {
    const value = own(name)
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    return typeof value === 'string' ? storable(value) : null
  }
  const whole = (name: string): number | null => {
    const value = Number(idOf(own(name)) ?? Number.NaN)
    return Number.isSafeInteger(value) ? value : null
  }
  const id = (name: string): string | null => idOf(own(name)) ?? null
  const merged = own('mergedObjectIds')
  return {
    portalId: whole('portalId') ?? 0,
    appId: whole('appId'),
    // The guide's table says eventType, every delivery seen says subscriptionType.
    type: (text('subscriptionType') ?? text('eventType') ?? '').slice(0, 100),
    eventId: whole('eventId'),
    occurredAtMs: whole('occurredAt'),
    objectId: id('objectId'),
    objectTypeId: textOf(own('objectTypeId')).slice(0, 40) || null,
    propertyName: text('propertyName'),
    propertyValue: text('propertyValue'),
    sensitive: own('isSensitive') === true || own('propertyValue') === 'REDACTED',
    changeSource: text('changeSource'),
    sourceId: text('sourceId'),
    primaryObjectId: id('primaryObjectId'),
    newObjectId: id('newObjectId'),
    mergedObjectIds: Array.isArray(merged) ? merged.flatMap((item: unknown) => idOf(item) ?? []) : [],
    associationType: text('associationType'),
    fromObjectId: id('fromObjectId'),
    toObjectId: id('toObjectId'),
    fromObjectTypeId: textOf(own('fromObjectTypeId')).slice(0, 40) || null,
    toObjectTypeId: textOf(own('toObjectTypeId')).slice(0, 40) || null,
    associationRemoved: own('associationRemoved') === true,
  }
}

/** Measured on the bytes before parsing: a parser's own recursion is what deep nesting attacks. */
function deeperThan(body: Buffer, depthMax: number): boolean {
  let depth = 0
  let inText = false
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at]
    if (inText) {
      if (byte === 0x5c) at += 1
      else if (byte === 0x22) inText = false
    } else if (byte === 0x22) inText = true
    else if (byte === 0x5b || byte === 0x7b) {
      depth += 1
      if (depth > depthMax) return true
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1
  }
  return false
}

export type WebhookReading = {
  readonly connectionId: ConnectionId
  readonly notifications: readonly HubSpotNotification[]
  /** Ours: its writes come back as notifications. Default: the app that the notification was sent to. */
  readonly appId?: string | number
  /** Spells values as a read does; without it only HubSpot's own properties get their type. */
  readonly fieldType?: FieldTypeOf
  readonly nowMs: number
}

export type SkipReason = 'unknown-type' | 'object-not-watched' | 'no-record-id' | 'property-name'

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
// A clock that runs ahead must not make its value win for ever.
const AHEAD_MAX_MS = 300_000

/** Notifications of one connection as change events. None carries the whole record, so none is `complete`. */
export function toChangeEvents(reading: WebhookReading): ReadWebhook {
  const events: ChangeEvent[] = []
  const skipped: { reason: SkipReason; type: string }[] = []
  for (const notification of reading.notifications) {
    const result = eventsOf(notification, reading)
    if (typeof result === 'string') skipped.push({ reason: result, type: notification.type })
    else events.push(...result)
  }
  return { events, skipped }
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
    if (!/^[A-Za-z0-9][A-Za-z0-9_$.-]{0,254}$/.test(name)) return 'property-name'
    // Withheld, too long or undatable: something changed here, and only the record itself says to what.
    const unusable = event.sensitive || (event.propertyValue?.length ?? 0) > VALUE_MAX || event.occurredAtMs === null
    if (unusable) return [{ ...base, kind: 'gap' }]
    const type = reading.fieldType?.(objectType, name) ?? wellKnownType(name)
    return [{ ...base, kind: 'changed', fields: { [name]: fieldText(type, event.propertyValue) } }]
  }
  if (verb === 'merge') {
    const gone = [event.primaryObjectId, ...event.mergedObjectIds].filter((id) => id !== null && id !== recordId)
    return [{ ...base, kind: 'merged', mergedIds: [...new Set(gone)] as string[] }]
  }
  return [{ ...base, kind: KINDS[verb as keyof typeof KINDS] }]
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
    const parts = [event.portalId, side.type, side.id, other.type ?? '', other.id ?? '', base.occurredAtMs]
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
  return {
    connectionId,
    // Event ids repeat, so they are only one part of the key. The attempt number is none: a retry is the same change.
    dedupeKey: `hook/${[
      event.portalId,
      event.type,
      event.objectTypeId ?? '',
      recordId,
      event.eventId ?? '',
      event.occurredAtMs ?? '',
      event.propertyName ?? '',
    ].join('/')}`,
    objectType,
    recordId,
    kind: 'gap',
    occurredAtMs: Math.min(event.occurredAtMs ?? nowMs, nowMs + AHEAD_MAX_MS),
    order: event.eventId ?? 0,
    fields: {},
    complete: false,
    source: 'webhook',
    actor: actorOf(event.changeSource, event.sourceId, String(reading.appId ?? event.appId ?? '')),
  }
}

function lookUp(table: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}
