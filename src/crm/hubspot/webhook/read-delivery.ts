import type { FieldSchema } from '../../../model/record/crm-facts.ts'
import type { AccountDelivery, DeliveryReading, RawDelivery, SkippedItems, WebhookReceiver } from '../../crm-webhook.ts'
import type { HubSpotGrant } from '../../grant.ts'
import type { FieldTypeOf } from '../read/field-text.ts'
import { type HubSpotNotification, type ParsedDelivery, parseWebhook, WebhookFormatError } from './delivery.ts'
import { toChangeEvents } from './events.ts'
import { verifySignature } from './signature.ts'

/**
 * Reads what HubSpot sent: verified on the raw bytes first, because an unsigned body is not worth parsing. One delivery
 * may speak of several portals, and who may sign for one may not speak for another.
 */
export function readDelivery(delivery: RawDelivery, receivers: readonly WebhookReceiver[]): DeliveryReading {
  const { believed, verdict } = signedFor(receivers, delivery)
  if (verdict !== 'ok') return { outcome: 'refused', why: verdict, remedy: SIGNATURE_REMEDY[verdict] }
  let parsed: ParsedDelivery
  try {
    parsed = parseWebhook(delivery.rawBody)
  } catch (error) {
    if (!(error instanceof WebhookFormatError)) throw error
    const isTooLarge = error.code === 'too-large' || error.code === 'too-many'
    return { outcome: isTooLarge ? 'too-large' : 'unreadable', message: error.message }
  }
  const accounts = [...byPortal(parsed.notifications)].map(([portalId, notifications]): AccountDelivery => {
    const receiver = receivers.find(({ accountId }) => accountId === portalId) ?? null
    const account = { accountId: portalId, items: notifications.length, receiver }
    if (receiver === null || !believed.has(receiver)) return { ...account, isBelieved: false, events: [], skipped: [] }
    const { events, skipped } = toChangeEvents({
      connectionId: receiver.connectionId,
      notifications,
      appId: (receiver.grant as HubSpotGrant).appId,
      fieldType: fieldTypes(receiver),
      nowMs: delivery.nowMs,
      digestKey: (receiver.grant as HubSpotGrant).clientSecrets[0],
    })
    return { ...account, isBelieved: true, events, skipped: counted(skipped) }
  })
  return { outcome: 'read', accounts, skipped: counted(parsed.skipped) }
}

type Verdict = ReturnType<typeof verifySignature>

/**
 * The connections that a delivery was signed for: by one of their secrets, over an address that their HubSpot was told to
 * call. Apps shared by several portals are looked at once.
 */
function signedFor(
  receivers: readonly WebhookReceiver[],
  { method, rawBody, headers, nowMs }: RawDelivery,
): { readonly believed: ReadonlySet<WebhookReceiver>; readonly verdict: Verdict } {
  const verdicts = new Map<string, Verdict>()
  const believed = new Set<WebhookReceiver>()
  for (const receiver of receivers) {
    const secrets = (receiver.grant as HubSpotGrant).clientSecrets
    for (const url of receiver.urls) {
      const key = JSON.stringify([url, secrets])
      const verdict = verdicts.get(key) ?? verifySignature({ method, rawBody, headers, nowMs, url, secrets })
      verdicts.set(key, verdict)
      if (verdict === 'ok') believed.add(receiver)
    }
  }
  // Stale and malformed are said of the headers and are the same for all.
  const [refused = 'bad-signature'] = verdicts.values()
  return { believed, verdict: believed.size > 0 ? 'ok' : refused }
}

const SIGNATURE_REMEDY = {
  'bad-signature':
    'The signature does not match. Check that the client secret of the app is the one given to Lanekeeper, and that the ' +
    "app's target URL is exactly the webhook URL that Lanekeeper shows.",
  stale: 'The signature is more than five minutes old. Check the clock of this machine.',
  malformed: 'The signature headers X-HubSpot-Signature-v3 and X-HubSpot-Request-Timestamp are missing or unreadable.',
} as const

function byPortal(notifications: ParsedDelivery['notifications']): Map<string, HubSpotNotification[]> {
  const portals = new Map<string, HubSpotNotification[]>()
  for (const { portalId, event } of notifications) {
    const list = portals.get(String(portalId))
    if (list) list.push(event)
    else portals.set(String(portalId), [event])
  }
  return portals
}

function counted(skipped: readonly { readonly reason: string }[]): SkippedItems[] {
  return [...Map.groupBy(skipped, ({ reason }) => reason)].map(([reason, items]) => ({ reason, n: items.length }))
}

function fieldTypes(receiver: WebhookReceiver): FieldTypeOf {
  const types = new Map<string, FieldSchema['type']>()
  for (const [objectType, fields] of Object.entries(receiver.fields)) {
    for (const field of fields) types.set(`${objectType}/${field.name}`, field.type)
  }
  return (objectType, field) => types.get(`${objectType}/${field}`)
}
