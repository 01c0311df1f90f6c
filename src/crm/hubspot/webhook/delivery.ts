import { storable } from '../../../model/record/storable-text.ts'
import { idOf, type JsonObject, objectOf, textOf } from '../http/json-value.ts'

// 100 notifications of 65,536 characters each, 6.5 MB, stay below (docs/contracts).
export const BODY_BYTES_MAX = 8 * 1024 * 1024
// A delivery holds up to 100 by the guide. More is taken as far as the body has room for true ones, of 160 bytes at least;
// the bound keeps a body of empty ones from filling the memory.
const NOTIFICATIONS_MAX = 50_000
// A notification is flat; merges hold one list. Deeper parts of one are never looked at, so the bound only has to keep
// the parser whole.
const DEPTH_MAX = 256

/** One notification with every field brought to one type. What HubSpot did not send is null. */
export type HubSpotNotification = {
  readonly portalId: number
  readonly appId: number | null
  /** `contact.propertyChange`, `object.merge`, ... Empty when HubSpot named none. */
  readonly type: string
  /** Digits. As text, because a number above 2^53 would be rounded to another event's. */
  readonly eventId: string | null
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

/** The body as a whole is no list of notifications. The sender gets a 400 with the sentence; nothing of it is stored. */
export class WebhookFormatError extends Error {
  override readonly name = 'WebhookFormatError'
  readonly code: 'too-large' | 'too-deep' | 'not-json' | 'not-a-list' | 'too-many'

  constructor(code: WebhookFormatError['code'], message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

export type ParsedDelivery = {
  readonly notifications: readonly { readonly portalId: number; readonly event: HubSpotNotification }[]
  /** What could not be read, by its place in the delivery. To be counted; the others stand. */
  readonly skipped: readonly { readonly at: number; readonly reason: 'not-an-object' | 'no-portal' }[]
}

/**
 * Reads a delivery. One request may mix portals, so each notification comes with its own. Unknown kinds and fields
 * pass through here: a 4xx would make HubSpot send the whole delivery ten times and then drop it. For the same reason
 * one item that nobody can read is left out and said, and does not cost the others.
 * Throws `WebhookFormatError` when the body as a whole is no list.
 */
export function parseWebhook(rawBody: Buffer): ParsedDelivery {
  if (rawBody.byteLength > BODY_BYTES_MAX) {
    throw new WebhookFormatError('too-large', `The body has ${rawBody.byteLength} bytes; ${BODY_BYTES_MAX} are read`)
  }
  if (deeperThan(rawBody, DEPTH_MAX)) {
    throw new WebhookFormatError('too-deep', `The body is nested deeper than ${DEPTH_MAX} levels`)
  }
  let parsed: unknown
  try {
    parsed = parseExactly(rawBody.toString('utf8'))
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
  const notifications: ParsedDelivery['notifications'][number][] = []
  const skipped: ParsedDelivery['skipped'][number][] = []
  for (const [at, item] of parsed.entries()) {
    const fields = objectOf(item)
    const event = fields === undefined ? undefined : notification(fields)
    if (event === undefined) skipped.push({ at, reason: 'not-an-object' })
    else if (event.portalId === null) skipped.push({ at, reason: 'no-portal' })
    else notifications.push({ portalId: event.portalId, event: { ...event, portalId: event.portalId } })
  }
  return { notifications, skipped }
}

function notification(
  fields: JsonObject,
): Omit<HubSpotNotification, 'portalId'> & { readonly portalId: number | null } {
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
    portalId: whole('portalId'),
    appId: whole('appId'),
    // The guide's table says eventType, every delivery seen says subscriptionType.
    type: (text('subscriptionType') ?? text('eventType') ?? '').slice(0, 100),
    eventId: id('eventId'),
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

/**
 * Whole numbers above 2^53 come out as their digits: as numbers they would be another record's id. Asking for the source of
 * each value costs three times as much as plain parsing, so only bodies that hold a long number pay for it.
 */
function parseExactly(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text)
  return JSON.parse(text, (_name, value: unknown, of?: { readonly source?: string }) => {
    const source = of?.source
    const isRounded = typeof value === 'number' && source !== undefined && !Number.isSafeInteger(value)
    return isRounded && /^-?\d+$/.test(source) ? source : value
  })
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
